"""One package a platform: payloads in, views out. Adapters know the core's domain and ports, and never each other."""
