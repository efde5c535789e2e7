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
    "storefront@7.8.2", 150, (("0b7d3c55e1aa4d68b3f2c1907e5d88aa41f06b3c", "Jo Kern", "build: newer bundler"),)
)
_CATALOG = Shipped(
    "catalog@2.12.0",
    96,
    (
        ("1c55ab07e9d14a7e9b02d3f4418a6c70b95e2d11", "Mina Park", "products: show the supplier of each"),
        ("83fe20d9c4b1478aa6e05d7712c39b8e40aa51c7", "Ola Berg", "categories: admins may move them"),
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
                    "9f31c2ab77d04e5590aa1f6c02e8d47b35ac9d10",
                    "Mina Park",
                    "pricing: bundles carry a price of their own",
                ),
                ("51de0077aa31c94b22107c5e9fd80b6a14e3f2c8", "Jo Kern", "emails: shorter subject lines"),
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
            (("aa20c1e7f04417dd93b15c6e8f2072bb19d4a0e6", "Jo Kern", "reports: leave days without sales out"),),
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
                    "d4471b9ec02f4c35a8e16b70f9358d22ce01a7b4",
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
                    "c01d55e8b7a24f9930ff47a2be616d058c39e7f1",
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
                    "e7b0a4c6d2f14a1b8a77c9035fe2618d40b7a5e3",
                    "Lena Ruiz",
                    "orders: guests no longer get a customer record",
                ),
                ("f20c6e1b9a8d4573b0e4217d5ac86f39e1d0b842", "Jo Kern", "images: lazy loading"),
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
            (("6a9d0e3f71c84b25b8f4e07c2a5d9163fb8e04c7", "Sam Ode", "reviews: copy them to the partner"),),
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
            (("77aa0be1c5d94e0b9d12f8360c4e7ab251d93e6f", "Sam Ode", "import feeds side by side"),),
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
            (("3d90f7c8aa5b4b8d8e21c0f65e7194ab02d8b35c", "Ola Berg", "payments: read the key from the environment"),),
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
            "widget@2.0.1", 200, (("b6f0c9d1e2a34455a1c0837be42d6f915c0e8ad4", "Lena Ruiz", "widget: smaller bundle"),)
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
            (("e02b8c4d6f1a4937b5c80d2e9a7f6351cb04de8a", "Ola Berg", "webhooks: refuse old signatures"),),
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
