"""A bounded pool of database connections."""

import sqlite3
import threading


class PoolTimeout(TimeoutError):
    """No connection became free in time."""


class ConnectionPool:
    """At most `size` connections; whoever takes one gives it back."""

    def __init__(self, size, timeout_s):
        self.size = size
        self.timeout_s = timeout_s
        self.in_use = 0
        self._free = threading.Semaphore(size)

    def acquire(self):
        """A connection, once one is free."""
        if not self._free.acquire(timeout=self.timeout_s):
            raise PoolTimeout(f"pool exhausted: {self.in_use} of {self.size} connections in use, waited {self.timeout_s} s")
        self.in_use += 1
        return sqlite3.connect(":memory:")

    def release(self, connection):
        """Give a connection back."""
        connection.close()
        self.in_use -= 1
        self._free.release()
