"""Threads on chat platforms: every message once."""
