from __future__ import annotations

import logging
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from mqlight._log.client_log import ClientLog, first_failure

if TYPE_CHECKING:
    import pytest


def test_a_record_names_its_client(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "mqlight"):
        ClientLog("mqlight.engine", "client_1").debug("hello")

    [record] = caplog.records
    assert (record.name, record.__dict__["client_id"]) == ("mqlight.engine", "client_1")


def test_a_first_failure_is_one_record_with_versions_and_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        1 / 0  # noqa: B018 - raises
    except ZeroDivisionError as error:
        first_failure(ClientLog("mqlight.driver", "client_1"), "the engine failed", error)

    [record] = caplog.records
    assert record.levelno == logging.CRITICAL
    assert record.getMessage() == (
        f"the engine failed (mqlight-client {version('mqlight-client')}, python-qpid-proton "
        f"{version('python-qpid-proton')}, Python {platform.python_version()}, "
        f"{platform.platform()})"
    )
    assert "test_client_log.py" in caplog.text
    assert "ZeroDivisionError: division by zero" in caplog.text


def test_a_program_without_metadata_still_tells_its_first_failure(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", unknown)
    first_failure(logging.getLogger("mqlight"), "it failed", ValueError("on purpose"))

    assert "it failed (mqlight-client of unknown version, " in caplog.text
