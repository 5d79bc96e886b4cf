from __future__ import annotations

import pytest

from mqlight_security import Credentials, acceptable_mechanisms, choose_mechanism

ANN = Credentials("ann", "secret")


@pytest.mark.parametrize(
    ("credentials", "client_certificate", "acceptable"),
    [
        (None, False, ("ANONYMOUS",)),
        (ANN, False, ("PLAIN",)),
        (None, True, ("EXTERNAL", "ANONYMOUS")),
        (ANN, True, ("EXTERNAL", "PLAIN")),
    ],
)
def test_what_a_client_has_tells_which_mechanisms_will_do(
    credentials: Credentials | None, acceptable: tuple[str, ...], *, client_certificate: bool
) -> None:
    found = acceptable_mechanisms(credentials, client_certificate=client_certificate)
    assert found == acceptable


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (("ANONYMOUS", "PLAIN", "EXTERNAL"), "EXTERNAL"),
        (("ANONYMOUS", "PLAIN"), "PLAIN"),
        (("ANONYMOUS", "SCRAM-SHA-256"), None),
        ((), None),
    ],
)
def test_the_strongest_that_both_sides_know_is_chosen(
    offered: tuple[str, ...], chosen: str | None
) -> None:
    assert choose_mechanism(("EXTERNAL", "PLAIN"), offered) == chosen
