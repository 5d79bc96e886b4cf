"""The measured programs: each does one job, and prints what it took as one line of JSON."""
