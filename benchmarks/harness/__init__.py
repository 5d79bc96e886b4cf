"""The benchmark around the measuring programs: peer, cores, rounds, results, report."""
