"""From a cart to an order."""

from shop.inventory import StockUnavailable, reserve
from shop.pricing import cart_total


class CheckoutFailed(RuntimeError):
    """The order could not be placed."""


def load_cart(user_id):
    """The user's cart, as the carts service returns it since bundles were introduced."""
    return {
        "user": user_id,
        "discount": 0.1,
        "items": [
            {"sku": "MUG-01", "quantity": 2, "unit_price": 12.5, "currency": "EUR"},
            {"sku": "BUNDLE-7", "quantity": 1, "bundle_price": 49.0, "currency": "EUR"},
        ],
    }


def checkout(user_id):
    """What the user has to pay."""
    cart = load_cart(user_id)
    amount = cart_total(cart)
    return {"user": user_id, "amount": amount}


def place_order(user_id, sku):
    """An order, if the warehouse has the goods."""
    try:
        return reserve(sku, quantity=1)
    except StockUnavailable as error:
        raise CheckoutFailed(f"order of user {user_id} could not be placed") from error
