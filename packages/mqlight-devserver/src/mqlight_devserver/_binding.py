"""The only door to proton: the C functions of its engine, as python-qpid-proton binds them.

The binding is internal to that distribution, so each name relied on is imported here, once: a
release that lacks one is refused at import, with its version.  Types and rules: `_binding.pyi`.
"""
# ruff: noqa: F401 - typed in the stub; imported for others to use

from cproton_ffi import ffi, lib

OLDEST = (0, 39)
NEWER_THAN_TRIED = (0, 41)

_found = (lib.PN_VERSION_MAJOR, lib.PN_VERSION_MINOR)
_refusal = (
    f"mqlight-devserver needs python-qpid-proton >=0.39,<0.41; installed is {_found[0]}.{_found[1]}"
)
if not OLDEST <= _found < NEWER_THAN_TRIED:
    raise ImportError(_refusal)

try:
    from cproton_ffi.lib import (
        PN_ACCEPTED,
        PN_CONNECTION_REMOTE_CLOSE,
        PN_CONNECTION_REMOTE_OPEN,
        PN_COORDINATOR,
        PN_DELIVERY,
        PN_LINK_FLOW,
        PN_LINK_REMOTE_CLOSE,
        PN_LINK_REMOTE_DETACH,
        PN_LINK_REMOTE_OPEN,
        PN_MODIFIED,
        PN_RCV_FIRST,
        PN_REJECTED,
        PN_RELEASED,
        PN_SESSION_REMOTE_CLOSE,
        PN_SESSION_REMOTE_OPEN,
        PN_SND_SETTLED,
        PN_TRANSPORT_CLOSED,
        PN_TRANSPORT_ERROR,
        PN_UNSPECIFIED,
        pn_collector,
        pn_collector_free,
        pn_collector_peek,
        pn_collector_pop,
        pn_condition_get_description,
        pn_condition_get_name,
        pn_condition_set_description,
        pn_condition_set_name,
        pn_connection,
        pn_connection_close,
        pn_connection_collect,
        pn_connection_condition,
        pn_connection_open,
        pn_connection_remote_condition,
        pn_connection_remote_container,
        pn_connection_set_container,
        pn_decref,
        pn_delivery,
        pn_delivery_local,
        pn_delivery_partial,
        pn_delivery_pending,
        pn_delivery_remote,
        pn_delivery_remote_state,
        pn_delivery_settle,
        pn_delivery_settled,
        pn_delivery_update,
        pn_disposition_condition,
        pn_disposition_is_failed,
        pn_event_delivery,
        pn_event_link,
        pn_event_session,
        pn_event_type,
        pn_link_advance,
        pn_link_close,
        pn_link_condition,
        pn_link_credit,
        pn_link_current,
        pn_link_detach,
        pn_link_drained,
        pn_link_flow,
        pn_link_free,
        pn_link_get_drain,
        pn_link_is_receiver,
        pn_link_open,
        pn_link_queued,
        pn_link_recv,
        pn_link_remote_snd_settle_mode,
        pn_link_remote_source,
        pn_link_remote_target,
        pn_link_send,
        pn_link_session,
        pn_link_set_max_message_size,
        pn_link_set_rcv_settle_mode,
        pn_link_set_snd_settle_mode,
        pn_link_source,
        pn_link_target,
        pn_session_close,
        pn_session_free,
        pn_session_open,
        pn_terminus_copy,
        pn_terminus_get_address,
        pn_terminus_get_timeout,
        pn_terminus_get_type,
        pn_terminus_is_dynamic,
        pn_terminus_set_type,
        pn_transport,
        pn_transport_bind,
        pn_transport_close_tail,
        pn_transport_condition,
        pn_transport_peek,
        pn_transport_pending,
        pn_transport_pop,
        pn_transport_push,
        pn_transport_set_channel_max,
        pn_transport_set_idle_timeout,
        pn_transport_set_max_frame,
        pn_transport_tick,
        pn_transport_unbind,
    )
except ImportError as missing:
    _refusal = f"{_refusal}: {missing}"
    raise ImportError(_refusal) from missing


copy = ffi.unpack

ABORTED = -11  # PN_ABORTED of proton/error.h, which the binding leaves out


class Buffer:
    """`size` bytes that the engine and Python share: `pointer` for one, `view` for the other."""

    __slots__ = ("pointer", "size", "view")

    def __init__(self, size):
        self.pointer = ffi.new("char[]", size)
        self.view = memoryview(ffi.buffer(self.pointer))
        self.size = size


class TagCounter:
    """A delivery tag of 8 bytes: `tag` is what `number[0]` says; the engine copies it each time."""

    __slots__ = ("_keep", "number", "tag")

    def __init__(self):
        self.number = ffi.new("uint64_t *")
        self._keep = ffi.new("pn_bytes_t *")
        self._keep.size = 8
        self._keep.start = ffi.cast("char *", self.number)
        self.tag = self._keep[0]


def chars(data):
    """Any bytes-like object as a `char *` that is valid while the result is held."""
    return ffi.from_buffer("char[]", data)


def text(pointer):
    """A C string; None for NULL.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    return ffi.string(pointer).decode() if pointer else None


def text_lossy(pointer):
    """A C string for people to read, whatever its bytes; '' for NULL."""
    return ffi.string(pointer).decode("utf-8", "replace") if pointer else ""
