from __future__ import annotations

from mqlight_devserver.broker import ClientRegistry


def test_the_first_to_claim_an_id_replaces_nobody() -> None:
    registry: ClientRegistry[str] = ClientRegistry()
    assert registry.claim("a", "first") is None
    assert registry.claim("b", "other") is None


def test_the_latest_to_claim_an_id_replaces_the_former() -> None:
    registry: ClientRegistry[str] = ClientRegistry()
    registry.claim("a", "first")
    assert registry.claim("a", "second") == "first"
    assert registry.claim("a", "third") == "second"


def test_a_released_id_has_no_holder() -> None:
    registry: ClientRegistry[str] = ClientRegistry()
    registry.claim("a", "first")
    registry.release("a", "first")
    assert registry.claim("a", "second") is None


def test_a_replaced_holder_cannot_release_the_id() -> None:
    registry: ClientRegistry[str] = ClientRegistry()
    registry.claim("a", "first")
    registry.claim("a", "second")
    registry.release("a", "first")
    assert registry.claim("a", "third") == "second"
