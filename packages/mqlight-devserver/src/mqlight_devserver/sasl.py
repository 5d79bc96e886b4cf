"""The server's half of SASL (AMQP 1.0 part 5.3), sans-IO, in front of the engine.

proton's own server SASL has no PLAIN unless it is built with Cyrus, so this is written out: read
the header, offer mechanisms, read one init, answer with the outcome.  All of them finish in one
step.  EXTERNAL is offered only to a client whose certificate TLS has verified: proton's clients
choose it before PLAIN wherever they see it (mqlight-protocol.md §1.1).
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from mqlight_core import describe_value
from mqlight_devserver import values
from mqlight_devserver.values import DecodeError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AMQP_HEADER", "SASL_HEADER", "SaslServer"]

AMQP_HEADER: Final = b"AMQP\x00\x01\x00\x00"
SASL_HEADER: Final = b"AMQP\x03\x01\x00\x00"

_TLS: Final = b"\x16\x03"
_MECHANISMS: Final = 0x40
_INIT: Final = 0x41
_OUTCOME: Final = 0x44
_SASL_FRAME: Final = 1
_FRAME_HEADER: Final = 8
_LARGEST_FRAME: Final = 4096

_OK: Final = 0
_AUTHENTICATION_FAILED: Final = 1


class SaslServer:
    """One connection's negotiation: feed `receive`, send what it answers, until `done`.

    After that `accepted` tells whether to go on, `rest` holds the bytes that belong to AMQP, and
    `failure` says, for the log, why not.  `user` is the name that the client gave, or the one in
    its certificate if it came by that, None for a nameless client.  `certificate` is the name in
    the client's certificate, None without one.  With `users` ANONYMOUS is not offered, and a client
    that skips SASL is turned away; without, ANONYMOUS and any PLAIN user is let in.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self.certificate: str | None = None
        self.user: str | None = None
        self._received = b""
        self._answered_header = False
        self.done: bool = False
        self.accepted: bool = False
        self.refused_credentials: bool = False
        self.failure: str = ""
        self.rest: bytes = b""

    def receive(self, data: bytes) -> bytes:
        """Take what the client sent; the return value is what to send to it."""
        self._received += data
        answer = b""
        if not self._answered_header:
            answer = self._read_header()
        if self._answered_header and not self.done:
            answer += self._read_init()
        return answer

    def _read_header(self) -> bytes:
        received = self._received[: len(SASL_HEADER)]
        if received == SASL_HEADER:
            self._answered_header = True
            self._received = self._received[len(SASL_HEADER) :]
            return SASL_HEADER + self._mechanisms()
        if received == AMQP_HEADER and not self._users:
            self._accept(self._received)
            return b""
        if SASL_HEADER.startswith(received) or AMQP_HEADER.startswith(received):
            if len(received) < len(SASL_HEADER):
                return b""
            self._refuse("the client skips SASL, and users are required")
        else:
            what = (
                "a handshake of TLS, which this server is without" if received[:2] == _TLS else ""
            )
            self._refuse(f"this is not AMQP 1.0: it starts with {what or repr(received)}")
        return SASL_HEADER

    def _mechanisms(self) -> bytes:
        names = [b"PLAIN"]
        if self.certificate is not None:
            names.insert(0, b"EXTERNAL")
        if not self._users:
            names.append(b"ANONYMOUS")
        symbols = b"".join(bytes((len(name),)) + name for name in names)
        array = b"\xe0" + bytes((len(symbols) + 2, len(names))) + b"\xa3" + symbols
        return _frame(_MECHANISMS, array)

    def _read_init(self) -> bytes:
        if len(self._received) < _FRAME_HEADER:
            return b""
        size = int.from_bytes(self._received[:4], "big")
        offset = 4 * self._received[4]
        if (
            self._received[5] != _SASL_FRAME
            or not _FRAME_HEADER <= offset <= size <= _LARGEST_FRAME
        ):
            self._refuse("the client's SASL frame is malformed or too large")
            return b""
        if len(self._received) < size:
            return b""
        frame, rest = self._received[:size], self._received[size:]
        try:
            mechanism, response = _read_init(frame, offset)
        except DecodeError as error:
            self._refuse(f"the client's SASL init is malformed: {error}")
            return b""
        if self._admits(mechanism, response):
            self._accept(rest)
            return _frame(_OUTCOME, b"\x50" + bytes((_OK,)))
        self.refused_credentials = True
        # The name is known only where the response is well-formed: else it may be the password.
        who = "" if self.user is None else f" for {describe_value(self.user)}"
        self._refuse(f"SASL {describe_value(mechanism)} failed{who}")
        return _frame(_OUTCOME, b"\x50" + bytes((_AUTHENTICATION_FAILED,)))

    def _admits(self, mechanism: str, response: bytes) -> bool:
        if mechanism == "ANONYMOUS":
            return not self._users
        if mechanism == "EXTERNAL" and self.certificate is not None:
            self.user = self.certificate
            return response in (b"", self.certificate.encode())
        if mechanism != "PLAIN":
            return False
        authorize_as, _, name_and_password = response.partition(b"\0")
        user, separator, password = name_and_password.partition(b"\0")
        if not user or not separator or b"\0" in password or authorize_as not in (b"", user):
            return False
        self.user = user.decode(errors="replace")
        if not self._users:
            return True
        known = {name.encode(): secret.encode() for name, secret in self._users.items()}
        # Digests are of one length, and an unknown user costs the same: the time tells nothing.
        expected = sha256(known.get(user, b"")).digest()
        return hmac.compare_digest(expected, sha256(password).digest()) and user in known

    def _accept(self, rest: bytes) -> None:
        self.done = self.accepted = True
        self._received, self.rest = b"", rest

    def _refuse(self, reason: str) -> None:
        self.done = True
        self._received, self.failure = b"", reason


def _frame(code: int, field: bytes) -> bytes:
    body = b"\x00\x53" + bytes((code,)) + b"\xc0" + bytes((len(field) + 1, 1)) + field
    return (_FRAME_HEADER + len(body)).to_bytes(4, "big") + b"\x02\x01\x00\x00" + body


def _read_init(frame: bytes, offset: int) -> tuple[str, bytes]:
    """The mechanism and the initial response of a sasl-init frame."""
    code, value = values.descriptor(frame, offset)
    if code != _INIT:
        message = f"performative {code:#x} instead of sasl-init"
        raise DecodeError(message)
    given = dict(
        zip(("mechanism", "initial-response"), values.items_of(frame, value), strict=False)
    )
    if "mechanism" not in given:
        message = "sasl-init without a mechanism"
        raise DecodeError(message)
    mechanism = values.as_text(frame, given["mechanism"])
    response = given.get("initial-response")
    if response is None or frame[response] == values.NULL:
        return mechanism, b""
    return mechanism, values.variable(frame, response)
