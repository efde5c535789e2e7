"""Leased rows of work, and what replicas agree on."""
