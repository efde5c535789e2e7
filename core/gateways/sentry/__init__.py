"""Sentry's Web API as a source of incidents."""
