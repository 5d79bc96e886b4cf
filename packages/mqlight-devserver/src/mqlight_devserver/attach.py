"""What a client asks for by an ATTACH, and what is refused.

mqlight-protocol.md §4.2, §9.3, §9.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight_core.errors import InvalidArgumentError
from mqlight_core.topics import parse_address
from mqlight_devserver import _binding as pn
from mqlight_devserver import conditions
from mqlight_devserver.broker import Identity
from mqlight_devserver.conditions import Refused

if TYPE_CHECKING:
    from mqlight_devserver.settings import Settings

__all__ = ["accept", "detach", "discard", "published_topic", "refuse", "subscribed_destination"]


def published_topic(link: pn.Link, settings: Settings) -> str:
    """The topic that a client publishes to over `link`.

    Raises:
        Refused: the link has no address of a topic.
    """
    target = pn.pn_link_remote_target(link)
    if pn.pn_terminus_get_type(target) == pn.PN_COORDINATOR:
        raise Refused(conditions.NOT_IMPLEMENTED, "transactions are not supported")
    return _address(target, settings, "topic to send to")


def subscribed_destination(
    link: pn.Link, client_id: str, settings: Settings
) -> tuple[Identity, float]:
    """The destination that a client subscribes to over `link`, and its time to live in seconds.

    Raises:
        Refused: the address or the time to live is not acceptable.
    """
    source = pn.pn_link_remote_source(link)
    address = _address(source, settings, "topic pattern to subscribe to")
    try:
        wanted = parse_address(address)
    except InvalidArgumentError as error:
        raise Refused(conditions.NOT_ALLOWED, str(error)) from error
    ttl = pn.pn_terminus_get_timeout(source)
    if ttl > settings.max_destination_ttl:
        description = (
            f"ServerContext_InvalidSourceTimeout: a destination lives {ttl} seconds at most "
            f"{settings.max_destination_ttl} are allowed"
        )
        raise Refused(conditions.PRECONDITION_FAILED, description)
    owner = client_id if wanted.share is None else None
    return Identity(wanted.pattern, wanted.share, owner), ttl


def check_count(links: int, settings: Settings) -> None:
    """Let one more link pass where a connection has so many.

    Raises:
        Refused: those are as many as it may have.
    """
    if links >= settings.max_links:
        most = f"a connection has at most {settings.max_links} links"
        raise Refused(conditions.RESOURCE_LIMIT, most)


def accept(link: pn.Link) -> None:
    """Answer the ATTACH: every published client knows its link by what is echoed."""
    pn.pn_terminus_copy(pn.pn_link_source(link), pn.pn_link_remote_source(link))
    pn.pn_terminus_copy(pn.pn_link_target(link), pn.pn_link_remote_target(link))
    pn.pn_link_set_snd_settle_mode(link, pn.pn_link_remote_snd_settle_mode(link))
    pn.pn_link_set_rcv_settle_mode(link, pn.PN_RCV_FIRST)
    pn.pn_link_open(link)


def refuse(link: pn.Link, refused: Refused) -> None:
    """Answer with an ATTACH without termini, for which clients wait, and DETACH with the error."""
    pn.pn_terminus_set_type(pn.pn_link_source(link), pn.PN_UNSPECIFIED)
    pn.pn_terminus_set_type(pn.pn_link_target(link), pn.PN_UNSPECIFIED)
    pn.pn_link_open(link)
    detach(link, refused)


def detach(link: pn.Link, reason: Refused | None = None, *, closed: bool = True) -> None:
    """DETACH and let go of `link`: its pointer is not valid any more."""
    if reason is not None:
        reason.describe(pn.pn_link_condition(link))
    if closed:
        pn.pn_link_close(link)
    else:
        pn.pn_link_detach(link)
    pn.pn_link_free(link)


def discard(link: pn.Link) -> None:
    """Release a message on a link that has been refused or ended: nobody will read it."""
    delivery = pn.pn_link_current(link)
    if delivery:
        pn.pn_delivery_update(delivery, pn.PN_RELEASED)
        pn.pn_delivery_settle(delivery)


def _address(terminus: pn.Terminus, settings: Settings, what: str) -> str:
    if pn.pn_terminus_is_dynamic(terminus):
        raise Refused(conditions.NOT_IMPLEMENTED, "dynamic addresses are not supported")
    try:
        address = pn.text(pn.pn_terminus_get_address(terminus))
    except UnicodeDecodeError as error:
        raise Refused(conditions.DECODE_ERROR, "the address is not UTF-8") from error
    if not address:
        raise Refused(conditions.NOT_ALLOWED, f"the link has no address: no {what}")
    size = len(address.encode())
    if size > settings.max_address_bytes:
        description = (
            f"the address has {size} bytes, at most {settings.max_address_bytes} are allowed"
        )
        raise Refused(conditions.NOT_ALLOWED, description)
    return address
