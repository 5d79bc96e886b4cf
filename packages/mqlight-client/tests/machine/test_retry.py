from __future__ import annotations

import pytest

from mqlight._machine.retry import is_fatal
from mqlight_core.errors import (
    InternalError,
    InvalidArgumentError,
    MQLightError,
    NetworkError,
    NotPermittedError,
    RangeError,
    ReplacedError,
    SecurityError,
)


@pytest.mark.parametrize(
    "error",
    [
        InvalidArgumentError("a service function gave a bad URL"),
        NotPermittedError("the server does not allow it"),
        RangeError("out of range"),
        ReplacedError("another client has this id"),
        SecurityError("the certificate is not trusted"),
        TypeError("a service function gave a number"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_trying_again_does_not_help_against(error: Exception) -> None:
    assert is_fatal(error)


@pytest.mark.parametrize(
    "error",
    [
        InternalError("a defect"),
        MQLightError("unspecific"),
        NetworkError("connection refused"),
        OSError("whatever"),
        ValueError("raised by a service function"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_client_rides_out(error: Exception) -> None:
    assert not is_fatal(error)
