"""Carts, as the carts service returns them."""

import logging

logger = logging.getLogger("shop.carts")


def load_cart(user_id):
    """The user's cart; since 4.2.0 it may hold bundles, which have a price of their own."""
    cart = {
        "user": user_id,
        "discount": 0.1,
        "items": [
            {"sku": "MUG-01", "quantity": 2, "unit_price": 12.5, "currency": "EUR"},
            {"sku": "BUNDLE-7", "quantity": 1, "bundle_price": 49.0, "currency": "EUR"},
        ],
    }
    logger.info("cart of %s loaded: %d items, feature bundles on", user_id, len(cart["items"]))
    return cart
