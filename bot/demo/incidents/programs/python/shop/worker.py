"""Background jobs."""

import logging

import sentry_sdk

from shop import importer, shipping

logger = logging.getLogger("shop.worker")

JOBS = {
    "quote-orders": lambda payload: shipping.quotes_for(payload["orders"]),
    "nightly-import": lambda payload: importer.import_all(payload["feeds"]),
}


def run_job(name, payload):
    """Run one job; a failed one is reported and left for the next night."""
    with sentry_sdk.new_scope() as scope:
        scope.set_transaction_name(name, source="task")
        scope.set_tag("queue", "default")
        scope.set_tag("server_name", "worker-1")
        logger.info("job %s started", name)
        try:
            return JOBS[name](payload)
        except Exception:
            sentry_sdk.capture_exception()
            return None
