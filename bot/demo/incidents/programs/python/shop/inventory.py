"""Stock, as the warehouse service tells it."""

import logging
import socket

logger = logging.getLogger("shop.inventory")
WAREHOUSE = ("127.0.0.1", 6399)


class StockUnavailable(RuntimeError):
    """Nobody could tell whether the goods are there."""


def warehouse_connection():
    """A connection to the warehouse service."""
    return socket.create_connection(WAREHOUSE, timeout=2)


def reserve(sku, quantity):
    """Reserve goods in the warehouse."""
    logger.info("reserving %d of %s", quantity, sku)
    try:
        connection = warehouse_connection()
    except OSError as error:
        raise StockUnavailable(f"warehouse at warehouse.internal:6399 did not answer for {sku}") from error
    with connection:
        connection.sendall(f"RESERVE {sku} {quantity}\n".encode())
        return connection.recv(64)
