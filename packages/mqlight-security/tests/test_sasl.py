from __future__ import annotations

from mqlight_security import Credentials, choose_mechanism


def test_credentials_are_sent_by_plain() -> None:
    assert choose_mechanism(Credentials("alice", "secret")) == "PLAIN"


def test_without_credentials_a_client_is_anonymous() -> None:
    assert choose_mechanism(None) == "ANONYMOUS"
