"""Past incidents of the demo's organization, as if people had confirmed them."""

from __future__ import annotations

from datetime import UTC, datetime

from core.domain.knowledge import KnowledgeEntry

_CONFIRMED = (
    KnowledgeEntry(
        id="INC-118",
        title="KeyError: 'currency' in cart totals",
        error_type="KeyError",
        message="'currency'",
        frames=("shop/pricing.py:line_total", "shop/pricing.py:cart_total", "shop/checkout.py:checkout"),
        service="shop",
        root_cause="Gift cards were added as cart items without a currency, which line_total reads.",
        fix="line_total reads optional fields with a default, and carts are validated when they are loaded.",
        confirmed_by="Mina Park",
        confirmed_at=datetime(2026, 8, 14, 9, 40, tzinfo=UTC),
        source="SHOP-A7",
    ),
    KnowledgeEntry(
        id="INC-131",
        title="PoolTimeout in the nightly export",
        error_type="PoolTimeout",
        message="pool exhausted: 5 of 5 connections in use, waited 0.3 s",
        frames=("shop/database.py:acquire", "shop/export.py:rows_for", "shop/export.py:nightly"),
        service="shop",
        root_cause="The export kept its connection when a query raised.",
        fix="Take connections in a with block, so that they go back on every path.",
        confirmed_by="Jo Kern",
        confirmed_at=datetime(2026, 9, 30, 4, 12, tzinfo=UTC),
        source="SHOP-B2",
    ),
    KnowledgeEntry(
        id="INC-104",
        title="Search timed out after the index grew",
        error_type="SearchTimeout",
        message="search did not answer within 2 s",
        frames=("shop/search.py:query",),
        service="search",
        root_cause="The index outgrew the memory of its node.",
        fix="Split the index by language and added a node.",
        confirmed_by="Sam Ode",
        confirmed_at=datetime(2026, 5, 2, 16, 5, tzinfo=UTC),
        source="SEARCH-4",
    ),
    KnowledgeEntry(
        id="INC-122",
        title="Mails refused: certificate has expired",
        error_type="SSLCertVerificationError",
        message="certificate verify failed: certificate has expired",
        frames=("shop/mail.py:deliver",),
        service="mail",
        root_cause="The relay's certificate was renewed but not installed.",
        fix="Installed it, and alert 14 days before expiry.",
        confirmed_by="Ola Berg",
        confirmed_at=datetime(2026, 8, 29, 7, 55, tzinfo=UTC),
        source="MAIL-9",
    ),
    KnowledgeEntry(
        id="INC-127",
        title="Disk full on the image host",
        error_type="OSError",
        message="[Errno 28] No space left on device",
        frames=("shop/images.py:store",),
        service="images",
        root_cause="Thumbnails of deleted products were never removed.",
        fix="A weekly job removes them; the disk alerts at 80 %.",
        confirmed_by="Sam Ode",
        confirmed_at=datetime(2026, 9, 12, 22, 31, tzinfo=UTC),
        source="IMG-3",
    ),
)


def demo_knowledge() -> tuple[KnowledgeEntry, ...]:
    """Five confirmed incidents: one is like SHOP-1, one like SHOP-2, the others are other things."""
    return _CONFIRMED
