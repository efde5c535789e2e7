"""The commits of the demo's shop, oldest first: what each of them changed, told from the file as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "incidents"
PROGRAMS = FOLDER / "programs"


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement in a file; without `before` the file is new."""

    path: str
    after: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One commit and the tags it got."""

    author: str
    subject: str
    tags: Sequence[str] = ()
    edits: Sequence[Edit] = field(default=())


@dataclass(frozen=True, slots=True)
class History:
    """A repository: which programs it holds, and its commits, oldest first; the first one begins it."""

    name: str
    folder: str
    files: Sequence[str]
    changes: Sequence[Change]

    @property
    def file(self) -> Path:
        """Where it is kept, as git's fast-import reads it."""
        return FOLDER / f"{self.name}.fastimport"


_PLACE_ORDER = '''def place_order(user_id, sku):
    """An order, if the warehouse has the goods."""
'''
_WEEKLY = """    report = []
    for day in days:
"""
_PUBLISH = '''def publish(review, feed):
    """Store a review after moderation, and copy it to the partner."""
    text = review["text"]
    author = review["author"]
    copied_to = feed.database_url
    sent_with = feed.headers()
    logger.warning'''
_FEED = '''class PartnerFeed:
    """Where published reviews are copied to."""

    def __init__(self, key, database_url):
        self.key = key
        self.database_url = database_url

    def headers(self):
        """How the partner knows us."""
        return {"X-Partner": self.key}


'''
_STARS = """    try:
        stars = int(review["stars"])
    except ValueError as error:
        raise BadReview(f"review not readable: {review['stars']}") from error
"""
_IMPORT_ALL = '''    """Every feed; the errors of all that failed are raised together."""
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
'''
_SUPPLIERS = '''    """Every product with its supplier."""
    products = query(connection, "SELECT id, name, supplier_id FROM products LIMIT 24")
    return [
        (name, query(connection, "SELECT name FROM suppliers WHERE id = ?", supplier_id))
        for _, name, supplier_id in products
    ]
'''
_SKEW = '"webhook %s for %s rejected: signature mismatch, clock skew %s s", event_id, endpoint, 412)'
_RETURN = """    return {"author": author, "stars": stars, "copied": bool(copied_to and sent_with)}
"""

SHOP = History(
    "shop",
    "python",
    ("shop",),
    (
        Change(
            "Jo Kern",
            "shop: carts, orders, reports and what belongs to them",
            ("webhooks@1.3.6", "reviews@0.9.4"),
            (Edit("README.md", "# Shop\n"), Edit("shop/emails.py", 'SUBJECT = "Thank you very much for your order"\n')),
        ),
        Change(
            "Ola Berg",
            "webhooks: refuse old signatures",
            ("webhooks@1.3.7",),
            (
                Edit(
                    "shop/webhooks.py",
                    _SKEW,
                    '"webhook %s for %s rejected: signature mismatch", event_id, endpoint)',
                ),
            ),
        ),
        Change(
            "Sam Ode",
            "reviews: copy them to the partner",
            ("reviews@0.9.5", "orders@1.18.1", "importer@1.5.9", "reports@3.4.0"),
            (
                Edit("shop/reviews.py", _FEED, ""),
                Edit(
                    "shop/reviews.py",
                    _PUBLISH,
                    '''def publish(review):
    """Store a review after moderation."""
    text = review["text"]
    author = review["author"]
    logger.warning''',
                ),
                Edit(
                    "shop/reviews.py",
                    _STARS,
                    """    stars = review["stars"]
    if stars not in (1, 2, 3, 4, 5):
        raise BadReview("stars are 1 to 5")
""",
                ),
                Edit("shop/reviews.py", _RETURN, '    return {"author": author, "stars": stars}\n'),
            ),
        ),
        Change(
            "Ola Berg",
            "orders: say who the order was for when it fails",
            ("orders@1.18.2",),
            (
                Edit(
                    "shop/checkout.py",
                    '''class CheckoutFailed(RuntimeError):
    """The order could not be placed."""


def price_order''',
                    "def price_order",
                ),
                Edit("shop/checkout.py", "import StockUnavailable, reserve\n", "import reserve\n"),
                Edit(
                    "shop/checkout.py",
                    f"""{_PLACE_ORDER}    try:
        return reserve(sku, quantity=1)
    except StockUnavailable as error:
        raise CheckoutFailed(f"order of user {{user_id}} could not be placed") from error
""",
                    f"{_PLACE_ORDER}    return reserve(sku, quantity=1)\n",
                ),
            ),
        ),
        Change(
            "Sam Ode",
            "import feeds side by side",
            ("importer@1.6.0", "shipping@2.1.4", "catalog@2.11.3"),
            (
                Edit(
                    "shop/importer.py",
                    '"""Supplier feeds, imported side by side."""\n\n'
                    "from concurrent.futures import ThreadPoolExecutor\n\n",
                    '"""Supplier feeds."""\n\n',
                ),
                Edit(
                    "shop/importer.py",
                    _IMPORT_ALL,
                    '''    """Every feed; the first row that cannot be read ends it."""
    return [product for feed, rows in feeds.items() for product in import_feed(feed, rows)]
''',
                ),
            ),
        ),
        Change(
            "Jo Kern",
            "reports: leave days without sales out",
            ("reports@3.4.1",),
            (
                Edit(
                    "shop/reports.py",
                    '''    """The day's sales; days without any are an error of the export."""''',
                    '''    """The day's sales."""''',
                ),
                Edit(
                    "shop/reports.py",
                    """    if not rows[0][1]:
        raise LookupError(f"no sales on {day}")
""",
                    "",
                ),
                Edit(
                    "shop/reports.py",
                    '"""Sales of several days; days without any are left out."""',
                    '"""Sales of several days."""',
                ),
                Edit(
                    "shop/reports.py",
                    f"""{_WEEKLY}        try:
            report.extend(rows_for(day))
        except LookupError as error:
            logger.info("%s, left out", error)
""",
                    f"{_WEEKLY}        report.extend(rows_for(day))\n",
                ),
            ),
        ),
        Change(
            "Sam Ode",
            "quotes: ask the carrier for every order at once",
            ("shipping@2.2.0",),
            (
                Edit(
                    "shop/shipping.py",
                    "import os\nimport urllib.request\n",
                    "import os\nimport time\nimport urllib.request\n\nPAUSE_S = 15\n",
                ),
                Edit(
                    "shop/shipping.py",
                    '        quotes.append((order, quote["price"]))\n',
                    '        quotes.append((order, quote["price"]))\n        time.sleep(PAUSE_S)\n',
                ),
            ),
        ),
        Change(
            "Ola Berg",
            "categories: admins may move them",
            (),
            (
                Edit(
                    "shop/categories.py",
                    '"home": "gifts", "gifts": "mugs"}',
                    '"gifts": "home"}',
                ),
            ),
        ),
        Change(
            "Mina Park",
            "products: show the supplier of each",
            ("catalog@2.12.0", "payments@5.2.9"),
            (
                Edit(
                    "shop/catalog.py",
                    _SUPPLIERS,
                    '''    """Every product."""
    return [name for _, name, _ in query(connection, "SELECT id, name, supplier_id FROM products LIMIT 24")]
''',
                ),
            ),
        ),
        Change(
            "Lena Ruiz",
            "readme: how to run it",
            ("shop@4.1.9",),
            (Edit("README.md", "# Shop\n\nRun it with `python run.py`.\n", "# Shop\n"),),
        ),
        Change(
            "Ola Berg",
            "payments: read the key from the environment",
            ("payments@5.3.0",),
            (
                Edit(
                    "shop/payments.py",
                    "import os\n",
                    'from pathlib import Path\n\nKEY_FILE = Path("/etc/shop/payments.key")\n',
                ),
                Edit("shop/payments.py", 'os.environ["PAYMENTS_API_KEY"]', "KEY_FILE.read_text().strip()"),
            ),
        ),
        Change(
            "Jo Kern",
            "emails: shorter subject lines",
            (),
            (
                Edit(
                    "shop/emails.py",
                    'SUBJECT = "Your order"\n',
                    'SUBJECT = "Thank you very much for your order"\n',
                ),
            ),
        ),
        Change(
            "Mina Park",
            "pricing: bundles carry a price of their own",
            ("shop@4.2.0",),
            (
                Edit(
                    "shop/carts.py",
                    "; since 4.2.0 it may hold bundles, which have a price of their own.",
                    ".",
                ),
                Edit("shop/carts.py", '"bundle_price": 49.0', '"unit_price": 49.0'),
                Edit("shop/carts.py", "%d items, feature bundles on", "%d items"),
                Edit(
                    "shop/pricing.py",
                    '    unit_price = item["unit_price"]\n',
                    '    unit_price = item.get("unit_price", 0.0)\n',
                ),
            ),
        ),
    ),
)
