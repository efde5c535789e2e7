"""The shop's web front: routes to functions."""

import json
import logging
import os

import sentry_sdk

from shop import carts, catalog, categories, checkout, payments, reports, reviews, webhooks

logger = logging.getLogger("shop.web")
PARTNER_DATABASE = os.environ.get("PARTNER_DATABASE_URL", "")


class Request:
    """What the handlers need of an HTTP request."""

    def __init__(self, environ):
        self.method = environ["REQUEST_METHOD"]
        self.path = environ["PATH_INFO"]
        self.user_id = environ.get("HTTP_X_USER")
        self.email = environ.get("HTTP_X_USER_EMAIL")
        self.partner_key = environ.get("HTTP_X_PARTNER_KEY")
        self.body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))

    def json(self):
        """The decoded body."""
        return json.loads(self.body)


def post_checkout(request):
    """Price the user's cart."""
    cart = carts.load_cart(request.user_id)
    return checkout.price_order(cart)


def post_order(request):
    """Place an order for one thing."""
    return checkout.place_order(request.user_id, request.json()["sku"])


def post_review(request):
    """Publish a review."""
    return reviews.publish(request.json(), reviews.PartnerFeed(request.partner_key, PARTNER_DATABASE))


def post_refund(request):
    """Give money back."""
    order = request.json()
    return payments.refund(order["id"], order["amount"])


def post_webhook(request):
    """What the payment provider tells."""
    return webhooks.verify(request.json()["id"], request.path, request.body, "bad")


ROUTES = {
    ("POST", "/checkout"): post_checkout,
    ("POST", "/orders"): post_order,
    ("POST", "/reviews"): post_review,
    ("POST", "/refunds"): post_refund,
    ("POST", "/webhooks/payments"): post_webhook,
    ("GET", "/reports/weekly"): lambda request: reports.weekly_report(reports.week_days(16)),
    ("GET", "/products"): lambda request: catalog.list_products(catalog.open_catalog()),
    ("GET", "/c/mugs"): lambda request: categories.breadcrumb_of("mugs"),
}


def application(environ, start_response):
    """Answer one request; errors are the middleware's business."""
    request = Request(environ)
    sentry_sdk.get_current_scope().set_transaction_name(f"{request.method} {request.path}", source="route")
    if request.user_id:
        sentry_sdk.set_user({"id": request.user_id, "email": request.email})
    logger.info("%s %s", request.method, request.path)
    handler = ROUTES[request.method, request.path]
    body = json.dumps(handler(request)).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
