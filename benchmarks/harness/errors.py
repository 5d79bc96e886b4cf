"""What ends the benchmark early."""

from __future__ import annotations


class BenchmarkError(Exception):
    """Something could not be built, started or measured; the message says what and why."""
