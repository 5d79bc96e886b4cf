"""The only door to proton: the functions of its compiled binding that this client relies on.

`proton` (the Python layer) is not imported: its objects cost more than the protocol itself
(`performance.md` §3).  The compiled binding is internal to python-qpid-proton, so every name is
looked up here, once, and a release that lacks one is refused at import with its version.
The types live in `_binding.pyi`.
"""

from cproton_ffi import ffi, lib

OLDEST = (0, 39)
NEWEST_EXCLUDED = (0, 41)

FUNCTIONS = (
    "pn_collector",
    "pn_collector_free",
    "pn_collector_peek",
    "pn_collector_pop",
    "pn_condition_get_description",
    "pn_condition_get_name",
    "pn_condition_is_set",
    "pn_connection",
    "pn_connection_close",
    "pn_connection_collect",
    "pn_connection_open",
    "pn_connection_remote_condition",
    "pn_connection_remote_container",
    "pn_connection_set_container",
    "pn_connection_set_hostname",
    "pn_connection_set_password",
    "pn_connection_set_user",
    "pn_decref",
    "pn_delivery",
    "pn_delivery_link",
    "pn_delivery_partial",
    "pn_delivery_readable",
    "pn_delivery_remote",
    "pn_delivery_remote_state",
    "pn_delivery_settle",
    "pn_delivery_settled",
    "pn_delivery_update",
    "pn_disposition_condition",
    "pn_event_delivery",
    "pn_event_link",
    "pn_event_session",
    "pn_event_type",
    "pn_link_advance",
    "pn_link_close",
    "pn_link_credit",
    "pn_link_detach",
    "pn_link_flow",
    "pn_link_free",
    "pn_link_open",
    "pn_link_queued",
    "pn_link_recv",
    "pn_link_remote_condition",
    "pn_link_remote_max_message_size",
    "pn_link_remote_snd_settle_mode",
    "pn_link_remote_source",
    "pn_link_send",
    "pn_link_set_rcv_settle_mode",
    "pn_link_set_snd_settle_mode",
    "pn_link_source",
    "pn_link_state",
    "pn_link_target",
    "pn_link_unsettled",
    "pn_receiver",
    "pn_sasl",
    "pn_sasl_allowed_mechs",
    "pn_sasl_get_mech",
    "pn_sasl_outcome",
    "pn_sasl_set_allow_insecure_mechs",
    "pn_sender",
    "pn_session",
    "pn_session_open",
    "pn_session_remote_condition",
    "pn_session_set_incoming_capacity",
    "pn_terminus_get_type",
    "pn_terminus_set_address",
    "pn_terminus_set_expiry_policy",
    "pn_terminus_set_timeout",
    "pn_transport",
    "pn_transport_bind",
    "pn_transport_capacity",
    "pn_transport_close_tail",
    "pn_transport_condition",
    "pn_transport_get_remote_idle_timeout",
    "pn_transport_get_remote_max_frame",
    "pn_transport_peek",
    "pn_transport_pending",
    "pn_transport_pop",
    "pn_transport_push",
    "pn_transport_set_idle_timeout",
    "pn_transport_set_max_frame",
    "pn_transport_tick",
    "pn_transport_trace",
    "pn_transport_unbind",
)

CONSTANTS = (
    "PN_ACCEPTED",
    "PN_CONNECTION_REMOTE_CLOSE",
    "PN_CONNECTION_REMOTE_OPEN",
    "PN_DELIVERY",
    "PN_EOS",
    "PN_EXPIRE_WITH_LINK",
    "PN_LINK_FLOW",
    "PN_LINK_REMOTE_CLOSE",
    "PN_LINK_REMOTE_DETACH",
    "PN_LINK_REMOTE_OPEN",
    "PN_MODIFIED",
    "PN_RCV_FIRST",
    "PN_REJECTED",
    "PN_RELEASED",
    "PN_REMOTE_CLOSED",
    "PN_SASL_AUTH",
    "PN_SASL_OK",
    "PN_SASL_TEMP",
    "PN_SESSION_REMOTE_CLOSE",
    "PN_SESSION_REMOTE_OPEN",
    "PN_SND_MIXED",
    "PN_SND_SETTLED",
    "PN_SND_UNSETTLED",
    "PN_TRACE_OFF",
    "PN_TRANSPORT_CLOSED",
    "PN_TRANSPORT_ERROR",
    "PN_UNSPECIFIED",
)


def _bind() -> None:
    version = (lib.PN_VERSION_MAJOR, lib.PN_VERSION_MINOR)
    missing = [name for name in FUNCTIONS + CONSTANTS if not hasattr(lib, name)]
    if missing or not OLDEST <= version < NEWEST_EXCLUDED:
        found = ".".join(map(str, version))
        lacks = f" lacks {', '.join(missing)}" if missing else ""
        message = f"mqlight needs python-qpid-proton >=0.39,<0.41: version {found} is here{lacks}"
        raise ImportError(message)
    for name in FUNCTIONS + CONSTANTS:
        globals()[name] = getattr(lib, name)


_bind()


class Buffer:
    """`size` bytes that proton and Python both see: `pointer` for the one, `view` for the other."""

    __slots__ = ("pointer", "size", "view")

    def __init__(self, size):
        self.pointer = ffi.new("char[]", size)
        self.view = memoryview(ffi.buffer(self.pointer))
        self.size = size

    def take(self, size):
        """Copy the first `size` bytes."""
        return ffi.unpack(self.pointer, size)


class DeliveryTags:
    """Delivery tags, 8 bytes each, unique in a link: proton copies the tag it is handed."""

    __slots__ = ("_counter", "_struct", "value")

    def __init__(self):
        self._counter = ffi.new("uint64_t *")
        self._struct = ffi.new("pn_bytes_t *")
        self._struct.size = 8
        self._struct.start = ffi.cast("char *", self._counter)
        self.value = self._struct[0]

    def advance(self):
        """Make `value` the next tag."""
        self._counter[0] += 1


def text(pointer):
    """A C string as `str`; '' for NULL, and no failure over bytes that are not UTF-8."""
    return ffi.string(pointer).decode("utf-8", "replace") if pointer else ""


def c_string(value):
    """A `str` for a `char *` argument."""
    return value.encode("utf-8")
