"""`logsense serve`: routes, health, metrics, and limits for connections."""
