from __future__ import annotations

from mqlight_devserver.output import Output


class Link:
    def __init__(self, *drained: bool) -> None:
        self.resumed = 0
        self.drained = list(drained)

    def resume(self) -> None:
        self.resumed += 1

    def finish_drain(self) -> bool:
        return self.drained.pop(0)


def test_waking_is_passed_on() -> None:
    calls: list[str] = []
    Output(lambda: calls.append("woken")).wake()
    assert calls == ["woken"]


def test_a_limited_link_is_resumed_once_when_all_is_written() -> None:
    output, link = Output(lambda: None), Link()
    output.limit(link)
    output.limit(link)
    output.written()
    output.written()
    assert link.resumed == 1


def test_a_draining_link_is_asked_until_it_has_drained() -> None:
    output, link = Output(lambda: None), Link(False, False, True)  # noqa: FBT003
    output.drain(link)
    for _ in range(5):
        output.before_output()
    assert link.drained == []


def test_a_link_that_has_gone_is_left_alone() -> None:
    output, link = Output(lambda: None), Link()
    output.limit(link)
    output.drain(link)
    output.forget(link)
    output.before_output()
    output.written()
    assert link.resumed == 0
