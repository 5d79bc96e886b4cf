"""The options of the page."""

from __future__ import annotations

import pytest

from mqlight_devserver import cli
from mqlight_devserver.cli_ui import recent_messages


@pytest.mark.parametrize(
    ("arguments", "port", "recent"),
    [([], None, 0), (["--ui"], 9180, 50), (["--ui", "0"], 0, 50), (["--ui=80"], 80, 50)],
)
def test_the_page_is_there_on_demand(arguments: list[str], port: int | None, recent: int) -> None:
    options = cli._parser().parse_args(arguments)
    assert (options.ui, options.ui_host, recent_messages(options)) == (port, None, recent)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ui", "x"], "'x' is not a port number from 0 to 65535"),
        (["--ui-host", "::1"], "--ui-host needs --ui"),
    ],
)
def test_wrong_usage_of_the_page_is_explained(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    assert said in capsys.readouterr().err
