"""Single events that people hand over, read within limits."""
