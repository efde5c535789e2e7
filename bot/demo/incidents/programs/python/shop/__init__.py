"""A small shop that really crashes, so that its incidents are real."""
