"""The worker and its jobs: investigations, answers, background tasks and recurring work."""
