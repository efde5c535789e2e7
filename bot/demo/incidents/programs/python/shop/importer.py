"""Supplier feeds, imported side by side."""

from concurrent.futures import ThreadPoolExecutor


def parse_row(feed, row):
    """One product of a feed."""
    sku, price, stock = row.split(";")
    return {"feed": feed, "sku": sku, "price": float(price), "stock": int(stock)}


def import_feed(feed, rows):
    """All products of a feed."""
    return [parse_row(feed, row) for row in rows]


def import_all(feeds):
    """Every feed; the errors of all that failed are raised together."""
    errors = []
    products = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        jobs = {feed: pool.submit(import_feed, feed, rows) for feed, rows in feeds.items()}
    for job in jobs.values():
        try:
            products.extend(job.result())
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(feeds)} feeds failed", errors)
    return products
