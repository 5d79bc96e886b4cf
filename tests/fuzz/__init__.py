"""Coverage-guided fuzzing of every parser of ours; see `hatch run fuzz:run --help`."""
