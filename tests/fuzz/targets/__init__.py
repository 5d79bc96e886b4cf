"""A module for each parser: `fuzz(data)` feeds it, and asserts what must hold for any bytes."""

NAMES = (
    "certificates",
    "client_connection",
    "client_messages",
    "documents",
    "frame_log",
    "lookup_urls",
    "sasl_front",
    "server_connection",
    "server_messages",
    "service_urls",
    "topics",
)
"""The modules."""
