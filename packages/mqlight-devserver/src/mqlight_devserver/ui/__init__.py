"""A page that shows what goes on in a server, and the HTTP server that it comes from."""

from __future__ import annotations
