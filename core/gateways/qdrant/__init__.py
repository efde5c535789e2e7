"""The knowledge index in Qdrant, embedded or on a server."""
