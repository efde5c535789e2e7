"""The investigation itself: domain, ports, use cases, agent, and the gateways and stores behind the ports."""

import gc

# Almost everything is freed by its reference count. With Python's own figures (700, 10, 10) a process spends a fifth of
# its start on passes that find nothing, and later looks every second through all that 200 investigations hold, for up
# to 75 ms, to find some twenty objects.
gc.set_threshold(10_000, 10, 1_000)
