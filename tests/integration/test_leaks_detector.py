"""The detector of the leak tests finds a secret wherever, and in whatever form, it is shown."""

from __future__ import annotations

import base64
import logging
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import exposure
import pytest
from canary import CANARY, FORMS, IN_URL, NUMBER, leaks

import mqlight
from mqlight_core import Service

if TYPE_CHECKING:
    from watch import Watch


@pytest.mark.parametrize(
    "shown",
    [
        CANARY,
        f"before {CANARY} behind",
        CANARY.encode(),
        CANARY.upper(),
        IN_URL,
        quote(CANARY),
        quote(CANARY, safe="").lower(),
        repr(CANARY),
        ascii(CANARY),
        repr(CANARY.encode()),
        CANARY.encode().hex(),
        CANARY.encode("utf-16"),
        b"\0ann\0" + CANARY.encode(),
        *(base64.b64encode(b"x" * before + CANARY.encode() + b"zz") for before in range(3)),
        NUMBER,
        [CANARY],
        {"password": CANARY},
        pickle.dumps({"password": CANARY}),
    ],
)
def test_a_form_of_the_secret_is_found(shown: object) -> None:
    assert leaks("nothing", shown) != []


def test_what_is_no_secret_is_not_found() -> None:
    assert leaks("Service 'amqp://ann:********@host'", b"\0ann\0", ["7", "%"], None) == []
    assert len(set(FORMS.values())) == len(FORMS)


def _raised_from(problem: Exception) -> Exception:
    try:
        try:
            raise problem
        except ValueError:
            raise mqlight.NetworkError("no reason") from None
    except mqlight.NetworkError as error:
        return error


def _with_note() -> Exception:
    error = mqlight.NetworkError("no reason")
    error.add_note(CANARY)
    return error


def _with_attribute() -> Exception:
    error = mqlight.NetworkError("no reason")
    error.password = CANARY  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    "error",
    [
        mqlight.NetworkError(CANARY),
        mqlight.NetworkError("no reason", CANARY.encode()),
        _raised_from(ValueError(CANARY)),
        ExceptionGroup("both", [ValueError(CANARY), ValueError()]),
        _with_note(),
        _with_attribute(),
    ],
)
def test_a_secret_in_any_part_of_an_error_is_found(error: Exception) -> None:
    assert leaks(*exposure.of_error(error)) != []


@dataclass
class _Shown:
    password: str


class _Kept:
    __module__ = "mqlight.test"

    def __init__(self, value: object) -> None:
        self.value = value


class _Slotted:
    __module__ = "mqlight.test"
    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


@pytest.mark.parametrize(
    "root",
    [
        _Shown(CANARY),
        _Kept(CANARY),
        _Kept([_Slotted({"a": (_Kept(CANARY),)})]),
        _Slotted(_Shown(CANARY)),
        _Kept(_Shown(CANARY).__repr__),
    ],
)
def test_a_secret_anywhere_below_an_object_is_found(root: object) -> None:
    assert leaks(*exposure.of_object(root)) != []


def test_a_secret_in_a_slot_is_not_shown() -> None:
    service = Service("amqp", "host", 5672, "ann", CANARY)
    assert leaks(*exposure.of_object(_Kept([service]))) == []


@pytest.mark.parametrize(
    "show",
    [
        lambda: print(CANARY),
        lambda: logging.getLogger("mqlight.frames").log(1, CANARY),
        lambda: logging.getLogger("mqlight").debug("%s", {"password": CANARY}),
        lambda: logging.getLogger("asyncio").debug("of another", extra={"password": CANARY}),
    ],
)
def test_what_is_printed_or_logged_is_watched(watch: Watch, show: object) -> None:
    show()  # type: ignore[operator]
    assert watch.leaks() != []
