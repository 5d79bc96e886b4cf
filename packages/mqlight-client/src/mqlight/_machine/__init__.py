"""The rules of the client, pure: no IO, no proton, no threads, no clock, no randomness."""
