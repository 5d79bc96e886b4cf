"""The client's log: what the environment asks of it, and records that name their client."""
