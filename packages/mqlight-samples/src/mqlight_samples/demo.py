"""`mqlight-demo`: watch messages travel from a sender through a server to receivers.

Everything is real: a server, three receivers and a sender, each a program of its own, talk over
sockets of this machine. The receiver `news` gets every message. The receivers `work-1` and `work-2`
name the same share, so that each message goes to one of the two.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from typing import TYPE_CHECKING, Final

from mqlight_samples._children import Child, Children
from mqlight_samples._parser import Parser
from mqlight_samples._process import Process

if TYPE_CHECKING:
    from collections.abc import Sequence

_MESSAGES: Final = 10
_GREETING: Final = "Hello world!"
_TOPIC: Final = "demo/greetings"
_PATTERN: Final = "demo/#"
_RECEIVERS: Final[dict[str, tuple[str, ...]]] = {
    "news": (),
    "work-1": ("--share-name", "work"),
    "work-2": ("--share-name", "work"),
}
_SECONDS_TO_START: Final = 30.0
_SECONDS_TO_TRAVEL: Final = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code: 0 when every message arrived where it should."""
    parser = Parser(
        "mqlight-demo", "Run a server, receivers and a sender, and show what travels between them."
    )
    parser.read_words(arguments, argparse.Namespace())
    process = Process("mqlight-demo")
    return process.run(lambda: demonstrate(process))


def demonstrate(process: Process) -> None:
    """Run the programs, and add up what they printed."""
    if importlib.util.find_spec("mqlight_devserver") is None:
        process.fail("the server is missing; to install it: pip install 'mqlight-samples[demo]'")
        return
    with Children(width=max(map(len, ("server", "sender", *_RECEIVERS)))) as children:
        process.stop_with(children.interrupt)
        server = children.start("server", "mqlight_devserver", "--port", "0")
        url = children.wait_for(server, "listening on", _SECONDS_TO_START).split()[-1]
        receivers = [
            children.start(
                name, "mqlight_samples.recv", "--service", url, "--topic-pattern", _PATTERN, *share
            )
            for name, share in _RECEIVERS.items()
        ]
        for receiver in receivers:
            children.wait_for(receiver, "Subscribed", _SECONDS_TO_START)
        sender = children.start(
            "sender",
            "mqlight_samples.send",
            *("--service", url, "--topic", _TOPIC, "--sequence", "--delay", "0.2"),
            *("--repeat", str(_MESSAGES), _GREETING),
        )
        children.wait_until(
            lambda: sender.ended and not lost(sender, receivers), _SECONDS_TO_TRAVEL
        )
    summarise(process, sender, receivers)


def messages(child: Child) -> list[str]:
    """Return the messages that a program has printed."""
    return [line for line in child.lines if line.endswith(f": {_GREETING}")]


def lost(sender: Child, receivers: list[Child]) -> int:
    """Count what is missing: every message at `news`, and at `work-1` or `work-2`."""
    news, *work = (messages(receiver) for receiver in receivers)
    return sum(
        (message not in news) + (not any(message in one for one in work))
        for message in messages(sender)
    )


def summarise(process: Process, sender: Child, receivers: list[Child]) -> None:
    """Print the sums; all messages must have been sent, and none lost."""
    sent = len(messages(sender))
    counts = {receiver.name: len(messages(receiver)) for receiver in receivers}
    each = ", ".join(f"{name} {count}" for name, count in counts.items())
    missing = lost(sender, receivers)
    print(f"Summary: {sent} sent, {sum(counts.values())} received ({each}), {missing} lost")
    if sent != _MESSAGES or missing:
        process.fail("not every message arrived")


if __name__ == "__main__":
    sys.exit(main())
