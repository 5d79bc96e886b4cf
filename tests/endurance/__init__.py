"""Long runs: under a disturbed network, with a stalled server, over very many topics."""
