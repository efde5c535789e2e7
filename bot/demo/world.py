"""The demo's own world: a data directory, an organization and a local Sentry apart from everything real."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from pydantic import SecretStr

from bot.app.settings import Settings
from bot.demo.seeds import demo_knowledge
from core.ports import OrganizationStore

DEMO_ISSUE = "SHOP-1"


def demo_settings(settings: Settings) -> Settings:
    """The same settings, with a data directory and an organization of the demo's own."""
    return settings.model_copy(
        update={"home": settings.home / "demo", "database_url": None, "organization": "demo", "sentry_writes": True}
    )


@contextlib.asynccontextmanager
async def demo_world(settings: Settings) -> AsyncIterator[Settings]:
    """Demo settings that point to a local Sentry, which runs on a free loopback port while the block lasts."""
    # Every command imports this module, and few are about the demo: a web server is loaded for those alone.
    from bot.demo.local_sentry import LocalSentry

    async with LocalSentry(port=0) as sentry:
        yield settings.model_copy(
            update={
                "sentry_url": sentry.base_url,
                "sentry_org": sentry.organization_slug,
                "sentry_token": SecretStr(sentry.token),
                # The operator's allow-list is what lets a loopback address through.
                "allowed_hosts": frozenset({sentry.base_url.removeprefix("http://")}),
            }
        )


async def seed_knowledge(store: OrganizationStore) -> None:
    """The demo's past incidents are known, once."""
    known = {entry.id for entry in await store.knowledge()}
    missing = [entry for entry in demo_knowledge() if entry.id not in known]
    if missing:
        await store.put_knowledge(missing)
