"""What a cart costs."""

RATES = {"EUR": 1.0, "USD": 0.92, "GBP": 1.19}


def line_total(item, rates):
    """One line of a cart, in euro."""
    quantity = item["quantity"]
    unit_price = item["unit_price"]
    rate = rates[item["currency"]]
    return quantity * unit_price * rate


def cart_total(cart, rates=RATES):
    """The whole cart, in euro, after its discount."""
    subtotal = sum(line_total(item, rates) for item in cart["items"])
    return round(subtotal * (1 - cart.get("discount", 0)), 2)
