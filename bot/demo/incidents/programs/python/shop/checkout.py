"""From a cart to an order."""

import logging

from shop.inventory import StockUnavailable, reserve
from shop.pricing import cart_total

logger = logging.getLogger("shop.checkout")


class CheckoutFailed(RuntimeError):
    """The order could not be placed."""


def price_order(cart):
    """What the user has to pay."""
    logger.info("pricing the cart of %s", cart["user"])
    amount = cart_total(cart)
    return {"user": cart["user"], "amount": amount}


def place_order(user_id, sku):
    """An order, if the warehouse has the goods."""
    try:
        return reserve(sku, quantity=1)
    except StockUnavailable as error:
        raise CheckoutFailed(f"order of user {user_id} could not be placed") from error
