"""Three replicas on one PostgreSQL, killed, paused and cut off at random: `python -m tests.chaos`."""
