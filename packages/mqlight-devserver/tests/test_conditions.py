from __future__ import annotations

import re

from mqlight_devserver import _binding as pn
from mqlight_devserver import conditions
from mqlight_devserver.conditions import Refused


def test_every_condition_is_one_of_amqps() -> None:
    names = [value for name, value in vars(conditions).items() if name.isupper()]
    assert len(names) >= 8
    assert all(re.fullmatch(r"amqp:[a-z-]+(:[a-z-]+)?", name) for name in names)


def test_a_refusal_is_written_into_an_error_of_the_engine() -> None:
    error = pn.pn_connection_condition(pn.pn_connection())
    Refused(conditions.NOT_ALLOWED, "schön").describe(error)
    assert pn.text(pn.pn_condition_get_name(error)) == "amqp:not-allowed"
    assert pn.text(pn.pn_condition_get_description(error)) == "schön"


def test_a_refusal_reads_as_condition_and_description() -> None:
    assert str(Refused(conditions.STOLEN, "why")) == "amqp:link:stolen: why"
