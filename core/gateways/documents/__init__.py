"""Runbooks and exports that people import into knowledge."""
