"""What a crash cannot tell: how often each demo incident happened, to whom, since when, and what was shipped before.

The crashes themselves are recorded (`bot/demo/record.py`); these counts are the story around them. Each carries what a
person would answer, for the evaluation; that part is never served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Story:
    """One incident. `hourly` are events per hour up to now, oldest first; hours before were quiet.

    `shipped_h_ago` is when the release went out; `commits` are (id, author, message), newest first, the first of them
    `suspect` for the tracker if so marked. `culprit` is (file, function, line text) or None.
    """

    short_id: str
    runtime: str
    scenario: str
    title_level: str
    hourly: tuple[int, ...]
    users: int
    release: str
    shipped_h_ago: float
    commits: tuple[tuple[str, str, str], ...]
    culprit: tuple[str, str] | None
    cause: str
    root_cause: str
    suspect: bool = False
    category: str = "error"
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


_BROWSERS = {"Chrome": 0.58, "Safari": 0.27, "Firefox": 0.15}
_STEADY = tuple(3 + (hour * 7) % 4 for hour in range(72))


def _told(short_id: str, runtime: str, scenario: str, **parts: Any) -> Story:
    return Story(short_id, runtime, scenario, parts.pop("level", "error"), **parts)


STORIES = (
    _told(
        "SHOP-1",
        "python",
        "missing_key",
        hourly=(14, 52, 61),
        users=83,
        release="shop@4.2.0",
        shipped_h_ago=3.1,
        commits=(
            ("9f31c2ab77d04e5590aa", "Mina Park", "pricing: bundles carry a price of their own"),
            ("51de0077aa31c94b2210", "Jo Kern", "emails: shorter subject lines"),
        ),
        suspect=True,
        culprit=("shop/pricing.py", "line_total"),
        cause="missing_key",
        root_cause="Bundle items have bundle_price and no unit_price, which line_total reads.",
        shares={"browser": _BROWSERS, "release": {"shop@4.2.0": 1.0}, "url": {"/checkout": 1.0}},
    ),
    _told(
        "SHOP-2",
        "python",
        "pool",
        hourly=(0, 1, 2, 4, 9, 14, 22, 31, 40, 44),
        users=19,
        release="shop@4.1.3",
        shipped_h_ago=96,
        commits=(("aa20c1e7f04417dd93b1", "Jo Kern", "reports: leave days without sales out"),),
        culprit=("shop/database.py", "acquire"),
        cause="pool_exhausted",
        root_cause="rows_for keeps its connection when it raises, so the pool of five runs dry.",
        shares={"server_name": {"web-3": 0.7, "web-1": 0.3}, "url": {"/reports/weekly": 1.0}},
    ),
    _told(
        "SHOP-3",
        "python",
        "chain",
        hourly=(0, 0, 118, 240, 231),
        users=301,
        release="shop@4.1.3",
        shipped_h_ago=96,
        commits=(("aa20c1e7f04417dd93b1", "Jo Kern", "reports: leave days without sales out"),),
        culprit=("shop/inventory.py", "warehouse_connection"),
        cause="connection_refused",
        root_cause="The warehouse service refuses connections; two errors only wrap that.",
        shares={"server_name": {"web-1": 0.34, "web-2": 0.33, "web-3": 0.33}},
    ),
    _told(
        "SHOP-4",
        "python",
        "rate_limit",
        hourly=tuple(30 if hour % 24 in (1, 2) else 0 for hour in range(72)),
        users=0,
        release="shop@4.1.3",
        shipped_h_ago=96,
        commits=(("c01d55e8b7a24f9930ff", "Sam Ode", "quotes: ask the carrier for every order at once"),),
        culprit=("shop/shipping.py", "carrier_get"),
        cause="rate_limited",
        root_cause="The carrier answers 429 because quotes are asked one after another without a pause.",
        shares={"server_name": {"worker-1": 1.0}},
    ),
    _told(
        "SHOP-5",
        "node",
        "bad_deploy",
        hourly=(66, 128, 141, 137),
        users=412,
        release="storefront@7.9.0",
        shipped_h_ago=3.9,
        commits=(
            ("e7b0a4c6d2f14a1b8a77", "Lena Ruiz", "orders: guests no longer get a customer record"),
            ("0b7d3c55e1aa4d68b3f2", "Jo Kern", "build: newer bundler"),
        ),
        suspect=True,
        culprit=("src/orders.mjs", "shippingCountry"),
        cause="null_value",
        root_cause="Guest orders have no customer since the refactoring, and shippingCountry reads customer.address.",
        shares={"browser": _BROWSERS, "release": {"storefront@7.9.0": 1.0}},
    ),
    _told(
        "SHOP-6",
        "python",
        "hostile",
        hourly=(1, 0, 0, 2, 1, 1),
        users=2,
        release="shop@4.1.3",
        shipped_h_ago=96,
        commits=(("aa20c1e7f04417dd93b1", "Jo Kern", "reports: leave days without sales out"),),
        culprit=("shop/reviews.py", "publish"),
        cause="parse_error",
        root_cause="The stars of a review are not a number, and publish parses them unchecked.",
    ),
    _told(
        "SHOP-7",
        "python",
        "group",
        hourly=tuple(2 if hour % 24 == 3 else 0 for hour in range(96)),
        users=0,
        release="shop@4.1.3",
        shipped_h_ago=120,
        commits=(("77aa0be1c5d94e0b9d12", "Sam Ode", "import feeds side by side"),),
        culprit=("shop/importer.py", "parse_row"),
        cause="parse_error",
        root_cause="Two supplier feeds have rows that parse_row cannot read.",
        shares={"server_name": {"worker-1": 1.0}},
    ),
    _told(
        "SHOP-8",
        "python",
        "missing_setting",
        hourly=(9, 12, 8, 11, 10, 12),
        users=37,
        release="shop@4.1.4",
        shipped_h_ago=6.2,
        commits=(("3d90f7c8aa5b4b8d8e21", "Ola Berg", "payments: read the key from the environment"),),
        suspect=True,
        culprit=("shop/payments.py", "__init__"),
        cause="configuration",
        root_cause="PAYMENTS_API_KEY is not set where refunds run.",
        shares={"environment": {"production": 1.0}},
    ),
    _told(
        "SHOP-9",
        "node",
        "minified",
        hourly=_STEADY,
        users=77,
        release="widget@2.0.1",
        shipped_h_ago=200,
        commits=(("b6f0c9d1e2a34455a1c0", "Lena Ruiz", "widget: smaller bundle"),),
        culprit=None,
        cause="null_value",
        root_cause="The basket is undefined before a session exists; the bundle is minified without a source map.",
        shares={"browser": _BROWSERS},
    ),
    _told(
        "SHOP-10",
        "python",
        "message_only",
        hourly=(2, 3, 1, 2, 4, 2, 3, 2, 2, 3, 1, 2),
        users=0,
        release="shop@4.1.3",
        shipped_h_ago=96,
        commits=(("aa20c1e7f04417dd93b1", "Jo Kern", "reports: leave days without sales out"),),
        culprit=None,
        cause="permission",
        root_cause="Webhooks are rejected because their signature does not match; the clock is 412 s off.",
    ),
    _told(
        "SHOP-11",
        "python",
        "n_plus_one",
        level="info",
        category="performance",
        hourly=_STEADY,
        users=160,
        release="shop@4.1.3",
        shipped_h_ago=96,
        commits=(("1c55ab07e9d14a7e9b02", "Mina Park", "catalog: show the supplier"),),
        culprit=None,
        cause="n_plus_one",
        root_cause="list_products asks for the supplier of each product with a query of its own.",
        shares={"url": {"/products": 1.0}},
    ),
    _told(
        "SHOP-12",
        "python",
        "recursion",
        hourly=(0, 5, 7, 6, 8, 7),
        users=29,
        release="shop@4.1.3",
        shipped_h_ago=96,
        commits=(("aa20c1e7f04417dd93b1", "Jo Kern", "reports: leave days without sales out"),),
        culprit=("shop/categories.py", "path_to_root"),
        cause="recursion",
        root_cause="The categories mugs, kitchen, home and gifts are each other's parents.",
    ),
    _told(
        "SHOP-13",
        "node",
        "cache_down",
        hourly=(0, 210, 305, 298),
        users=266,
        release="storefront@7.8.2",
        shipped_h_ago=150,
        commits=(("0b7d3c55e1aa4d68b3f2", "Jo Kern", "build: newer bundler"),),
        culprit=("src/sessions.mjs", "loadSession"),
        cause="connection_refused",
        root_cause="The cache refuses connections, so sessions cannot be loaded.",
    ),
    _told(
        "SHOP-14",
        "node",
        "html_for_json",
        hourly=(0, 0, 0, 40, 3, 0, 0, 44, 2),
        users=51,
        release="storefront@7.8.2",
        shipped_h_ago=150,
        commits=(("0b7d3c55e1aa4d68b3f2", "Jo Kern", "build: newer bundler"),),
        culprit=("src/recommendations.mjs", "ranking"),
        cause="parse_error",
        root_cause="The ranking service answers with an HTML error page, which ranking parses as JSON.",
    ),
)
