from __future__ import annotations

import os
from pathlib import Path

import pytest

from mqlight_core import NetworkError
from mqlight_core.document import LONGEST_DOCUMENT
from mqlight_core.file_lookup import read_file


def refused(path: Path) -> str:
    with pytest.raises(NetworkError) as caught:
        read_file("file:///services.json", str(path))
    return str(caught.value)


def test_a_file_is_read_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "services.json"
    for text in (b"{}", b'{"service": 1}', b""):
        path.write_bytes(text)
        assert read_file("file:///services.json", str(path)) == text


def test_a_link_leads_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "services.json").write_bytes(b"{}")
    link = tmp_path / "link"
    link.symlink_to("services.json")
    assert read_file("file:///link", str(link)) == b"{}"


def test_no_more_is_read_than_tells_that_it_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "services.json"
    path.write_bytes(b" " * (LONGEST_DOCUMENT + 100))
    assert len(read_file("file:///services.json", str(path))) == LONGEST_DOCUMENT + 1


def test_a_file_that_is_missing_may_come_later(tmp_path: Path) -> None:
    assert refused(tmp_path / "missing") == (
        "file:///services.json: the file could not be read: No such file or directory"
    )


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path).endswith("Is a directory")


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refused(pipe).endswith("it is not a regular file")


def test_a_device_is_no_file() -> None:
    assert refused(Path("/dev/zero")).endswith("it is not a regular file")
