"""What LogSense keeps: SQL on SQLite (one machine) or PostgreSQL (many replicas), and the leased rows of work."""
