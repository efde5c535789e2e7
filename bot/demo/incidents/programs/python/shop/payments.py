"""Payments through the provider."""

import os


class PaymentClient:
    """Speaks to the payment provider."""

    def __init__(self):
        self.endpoint = "https://api.payments.example/v1"
        self.key = os.environ["PAYMENTS_API_KEY"]


def refund(order_id, amount):
    """Give the money of an order back."""
    client = PaymentClient()
    return {"endpoint": client.endpoint, "order": order_id, "amount": amount}
