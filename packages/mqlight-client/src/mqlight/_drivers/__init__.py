"""The only code of the client that opens sockets, blocks, waits or locks."""
