"""The server's half of SASL: nobody is let in without the password, however the bytes come."""

from __future__ import annotations

from mqlight_devserver.sasl import SASL_HEADER, SaslServer

USERS = {"ann": "S3CRET"}
LARGEST_ANSWER = 200


def fuzz(data: bytes) -> None:
    """The bytes are what a client says, in one piece and byte by byte."""
    for said in (data, SASL_HEADER + data):
        whole = SaslServer(USERS)
        answer = whole.receive(said)
        assert len(answer) < LARGEST_ANSWER
        assert b"S3CRET" in said or not whole.accepted
        assert "S3CRET" not in whole.failure
        pieces = SaslServer(USERS)
        piecewise = b""
        for number in range(len(said)):
            if pieces.done:
                break
            piecewise += pieces.receive(said[number : number + 1])
        assert pieces.accepted == whole.accepted
        assert answer.startswith(piecewise) or piecewise.startswith(answer)
