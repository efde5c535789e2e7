"""The investigation itself: domain, ports, use cases, agent, and the gateways and stores behind the ports."""
