"""A small shop's repository with a bug in it, and its context: what the tests of the tools on code share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.code import CodePolicy
from core.domain.incident import ErrorEvent, ExceptionInfo, Frame
from core.domain.tenancy import OrganizationId
from core.gateways.code.repositories import CodeRepositories, CodeSettings, parse_repositories
from tests.fakes.repositories import Made, make_repository
from tests.fakes.tool_sources import CART_EVENT, CART_ISSUE, FakeToolContext, FakeTracker

CART = '''"""Carts."""

CURRENCY = "EUR"


def total(items):
    amount = 0
    for item in items:
        amount += item["unit_price"] * item["quantity"]
    return amount, CURRENCY
'''
OLD_CART = CART.replace('item["unit_price"]', 'item.get("unit_price", 0)')
VIEWS = "import cart\n\n\ndef checkout(items):\n    return cart.total(items)\n"
EVENT = replace(
    CART_EVENT,
    release="shop@1.4.2",
    exceptions=(
        ExceptionInfo(
            "KeyError",
            "'unit_price'",
            frames=(
                Frame(function="checkout", file="/app/shop/views.py", line=5, in_app=True),
                Frame(
                    function="total",
                    file="/app/shop/cart.py",
                    line=9,
                    in_app=True,
                    source=((9, '        amount += item["unit_price"] * item["quantity"]'),),
                    variables={"item": "{'sku': 'B7', 'bundle_price': 49.0}"},
                ),
            ),
        ),
    ),
)
HISTORY = (
    Made(
        "begin",
        {"shop/cart.py": OLD_CART, "shop/views.py": VIEWS, "README.md": "shop\n"},
        "Jo Kern",
        tags=["shop@1.4.1"],
    ),
    Made("cart: a missing price is an error", {"shop/cart.py": CART}, "Mina Park"),
    Made("docs: say more", {"README.md": "the shop\n"}, "Ola Berg"),
    Made("mail: shorter subjects", {"shop/mail.py": "SUBJECT = 'hi'\n"}, "Ola Berg", tags=["shop@1.4.2"]),
)
ORIGIN = '[remote "origin"]\n\turl = git@github.com:acme/shop.git\n'


class Shop:
    """The repository of the shop and context to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ids = make_repository(folder / "shop.git", HISTORY)
        with (folder / "shop.git" / "config").open("a") as config:
            config.write(ORIGIN)
        self._opened: list[CodeRepositories] = []

    def context(
        self, event: ErrorEvent = EVENT, *, policy: CodePolicy | None = None, text: str = "", project: str = "shop"
    ) -> FakeToolContext:
        entries = parse_repositories(text or f"shop={self.folder}/shop.git", "acme")
        opened = CodeRepositories(CodeSettings(entries, policy or CodePolicy()))
        self._opened.append(opened)
        tracker = FakeTracker(recommended=event, details=replace(CART_ISSUE, project=project), releases={})
        return FakeToolContext(tracker, repositories=opened.of(OrganizationId("acme")))

    def close(self) -> None:
        for each in self._opened:
            each.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    made.close()
