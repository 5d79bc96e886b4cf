"""AMQP 1.0 over proton's engine, without IO: bytes in, bytes out, batches of what happened."""
