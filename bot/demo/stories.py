"""What a crash cannot tell: how often each demo incident happened, to whom, since when, and what was shipped before.

The crashes themselves are real (`bot/demo/record.py` runs them); these counts are the story around them, and are
written into the recorded file beside the event. Each story also has what a person would answer, for the evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Shipped:
    """A release: when it went out, and its commits as (id, author, message), newest first."""

    version: str
    hours_ago: float
    commits: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person would say; `culprit` is the file and function of a recorded frame, None when none is to blame."""

    culprit: tuple[str, str] | None
    cause: str
    root_cause: str


@dataclass(frozen=True, slots=True)
class Story:
    """One incident: `scenario` of the `runtime`'s programs, shipped in `release`.

    `hourly` are events per hour up to now, oldest first; hours before were quiet. `suspect` says that the tracker
    blames the release's newest commit. `shares` are parts of 1 for each value of a tag.
    """

    short_id: str
    runtime: str
    scenario: str
    release: Shipped
    hourly: tuple[int, ...]
    users: int
    answer: Answer
    level: str = "error"
    category: str = "error"
    suspect: bool = False
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def culprit(self) -> tuple[str, str] | None:
        """The file and function that a person would blame."""
        return self.answer.culprit

    @property
    def cause(self) -> str:
        """The cause that a person would name."""
        return self.answer.cause


_BROWSERS = {"Chrome": 0.58, "Safari": 0.27, "Firefox": 0.15}
_STEADY = tuple(3 + (hour * 7) % 4 for hour in range(72))
_STOREFRONT_BEFORE = Shipped(
    "storefront@7.8.2", 150, (("2ca7ee9b9d2ed193e78f8ac1fb3c2ef87865c90f", "Jo Kern", "build: newer bundler"),)
)
_CATALOG = Shipped(
    "catalog@2.12.0",
    96,
    (
        ("9be58ad2d4eef0957e34d19d18ac464384defb3d", "Mina Park", "products: show the supplier of each"),
        ("02bf19451ef1c6c82161754081666f78d204a4f7", "Ola Berg", "categories: admins may move them"),
    ),
)

STORIES = (
    Story(
        "SHOP-1",
        "python",
        "missing_key",
        Shipped(
            "shop@4.2.0",
            3.1,
            (
                (
                    "59c1f49a8e193dd35edc0456823840c35b1798bf",
                    "Mina Park",
                    "pricing: bundles carry a price of their own",
                ),
                ("fe0e5876657b372aceedd1a27efb114f3aeb10c5", "Jo Kern", "emails: shorter subject lines"),
            ),
        ),
        hourly=(14, 52, 61),
        users=83,
        answer=Answer(
            ("shop/pricing.py", "line_total"),
            "missing_key",
            "Bundle items have bundle_price and no unit_price, which line_total reads; they came with shop@4.2.0.",
        ),
        suspect=True,
        shares={"browser": _BROWSERS},
    ),
    Story(
        "SHOP-2",
        "python",
        "pool",
        Shipped(
            "reports@3.4.1",
            96,
            (("32cfd3371060e6bd4606717ad38364bf25da8220", "Jo Kern", "reports: leave days without sales out"),),
        ),
        hourly=(0, 1, 2, 4, 9, 14, 22, 31, 40, 44),
        users=19,
        answer=Answer(
            ("shop/database.py", "acquire"),
            "pool_exhausted",
            "rows_for keeps its connection when it raises, so after five days without sales the pool of five is dry.",
        ),
        shares={"server_name": {"web-3": 0.7, "web-1": 0.3}},
    ),
    Story(
        "SHOP-3",
        "python",
        "chain",
        Shipped(
            "orders@1.18.2",
            120,
            (
                (
                    "c743759e7769e17999909c2fcaea413f5f4a1e23",
                    "Ola Berg",
                    "orders: say who the order was for when it fails",
                ),
            ),
        ),
        hourly=(0, 0, 118, 240, 231),
        users=301,
        answer=Answer(
            ("shop/inventory.py", "warehouse_connection"),
            "connection_refused",
            "The warehouse service refuses connections; the two outer errors only wrap that.",
        ),
        shares={"server_name": {"web-1": 0.34, "web-2": 0.33, "web-3": 0.33}},
    ),
    Story(
        "SHOP-4",
        "python",
        "rate_limit",
        Shipped(
            "shipping@2.2.0",
            96,
            (
                (
                    "9d16babe9af8e255a4cb8af632b53f9c4ef27eef",
                    "Sam Ode",
                    "quotes: ask the carrier for every order at once",
                ),
            ),
        ),
        hourly=tuple(30 if hour % 24 in (1, 2) else 0 for hour in range(72)),
        users=0,
        answer=Answer(
            ("shop/shipping.py", "carrier_get"),
            "rate_limited",
            "The carrier answers 429 because quotes are asked one after another without a pause.",
        ),
        shares={"server_name": {"worker-1": 1.0}},
    ),
    Story(
        "SHOP-5",
        "node",
        "bad_deploy",
        Shipped(
            "storefront@7.9.0",
            4.1,
            (
                (
                    "e16db288e79eb4ab775e6da926f7924721f5e3f1",
                    "Lena Ruiz",
                    "orders: guests no longer get a customer record",
                ),
                ("db42c639aa1964e8556516cf942ba52f290eeaae", "Jo Kern", "images: lazy loading"),
            ),
        ),
        hourly=(66, 128, 141, 137),
        users=412,
        answer=Answer(
            ("src/orders.mjs", "shippingCountry"),
            "null_value",
            "Guest orders have no customer since storefront@7.9.0, and shippingCountry reads customer.address.",
        ),
        suspect=True,
        shares={"browser": _BROWSERS},
    ),
    Story(
        "SHOP-6",
        "python",
        "hostile",
        Shipped(
            "reviews@0.9.5",
            210,
            (("8622a1ea6c1b6544ef3c5eb75267271db3d0677a", "Sam Ode", "reviews: copy them to the partner"),),
        ),
        hourly=(1, 0, 0, 2, 1, 1),
        users=2,
        answer=Answer(
            ("shop/reviews.py", "publish"),
            "parse_error",
            "The stars of a review are not a number, and publish parses them unchecked.",
        ),
    ),
    Story(
        "SHOP-7",
        "python",
        "group",
        Shipped(
            "importer@1.6.0",
            120,
            (("090f703aa9af14c2e2ae8258697c7f3d5613dc61", "Sam Ode", "import feeds side by side"),),
        ),
        hourly=tuple(2 if hour % 24 == 3 else 0 for hour in range(96)),
        users=0,
        answer=Answer(
            ("shop/importer.py", "parse_row"), "parse_error", "Two supplier feeds have rows that parse_row cannot read."
        ),
        shares={"server_name": {"worker-1": 1.0}},
    ),
    Story(
        "SHOP-8",
        "python",
        "missing_setting",
        Shipped(
            "payments@5.3.0",
            6.2,
            (("69030b122a539f351a57792d8b2917e2394bb394", "Ola Berg", "payments: read the key from the environment"),),
        ),
        hourly=(9, 12, 8, 11, 10, 12),
        users=37,
        answer=Answer(
            ("shop/payments.py", "__init__"),
            "configuration",
            "PAYMENTS_API_KEY is not set where refunds run, and payments@5.3.0 began to read it.",
        ),
        suspect=True,
    ),
    Story(
        "SHOP-9",
        "node",
        "minified",
        Shipped(
            "widget@2.0.1", 200, (("91d586c235a4e7630ad4f733ef25d86c00012822", "Lena Ruiz", "widget: smaller bundle"),)
        ),
        hourly=_STEADY,
        users=77,
        answer=Answer(
            None,
            "null_value",
            "The basket is undefined before a session exists; the bundle is minified and has no source map.",
        ),
        shares={"browser": _BROWSERS},
    ),
    Story(
        "SHOP-10",
        "python",
        "message_only",
        Shipped(
            "webhooks@1.3.7",
            300,
            (("fef03cb26bee33c297031d4c2a0e5273ef71ec57", "Ola Berg", "webhooks: refuse old signatures"),),
        ),
        hourly=(2, 3, 1, 2, 4, 2, 3, 2, 2, 3, 1, 2),
        users=0,
        answer=Answer(
            None, "permission", "Webhooks are rejected because their signature does not match; the clock is 412 s off."
        ),
    ),
    Story(
        "SHOP-11",
        "python",
        "n_plus_one",
        _CATALOG,
        hourly=_STEADY,
        users=160,
        answer=Answer(
            None, "n_plus_one", "list_products asks for the supplier of each product with a query of its own."
        ),
        level="info",
        category="performance",
    ),
    Story(
        "SHOP-12",
        "python",
        "recursion",
        _CATALOG,
        hourly=(0, 5, 7, 6, 8, 7),
        users=29,
        answer=Answer(
            ("shop/categories.py", "path_to_root"),
            "recursion",
            "The categories mugs, kitchen, home and gifts are each other's parents.",
        ),
    ),
    Story(
        "SHOP-13",
        "node",
        "cache_down",
        _STOREFRONT_BEFORE,
        hourly=(0, 210, 305, 298),
        users=266,
        answer=Answer(
            ("src/sessions.mjs", "loadSession"),
            "connection_refused",
            "The cache at port 6398 refuses connections, so sessions cannot be loaded.",
        ),
    ),
    Story(
        "SHOP-14",
        "node",
        "html_for_json",
        _STOREFRONT_BEFORE,
        hourly=(0, 0, 0, 40, 3, 0, 0, 44, 2),
        users=51,
        answer=Answer(
            ("src/recommendations.mjs", "ranking"),
            "parse_error",
            "The load balancer answers with an HTML error page (502), which ranking parses as JSON.",
        ),
    ),
)
