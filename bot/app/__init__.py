"""Builds a working application: settings, the composition root, logging, and what every process of ours needs."""
