"""The demo: recorded incidents, and the local Sentry that serves them."""
