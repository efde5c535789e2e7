"""One run: the world is set up, people ask while things go wrong, and when all has come to rest it is looked at."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from core.storage.schema import migrate
from tests.chaos.facts import Facts
from tests.chaos.front import Front
from tests.chaos.harness import Harness, install, open_town
from tests.chaos.ledger import Ledger, date_commits, open_ledger, watch
from tests.chaos.replicas import Replica, addresses, variables_for
from tests.chaos.schedule import Ask, Event, Plan, Trouble
from tests.chaos.trouble import Troublemaker
from tests.postgres import APP, DatabaseUrls, PostgresServer

_LAST_EDITS_S = 3.0


@dataclass(frozen=True, slots=True)
class Ended:
    """What a run left: the facts, how much of what was done, and what went wrong with the replicas themselves."""

    facts: Facts
    made: Counter[Trouble]
    counts: dict[str, int]
    complaints: list[str]
    seconds: float


async def run(plan: Plan, seed: int, home: Path, *, limit_s: float) -> Ended:
    """The plan was carried out, until all had ended or for `limit_s`."""
    began = time.monotonic()
    facts = Facts(asked=list(plan.asks))
    async with _database() as (server, urls), open_town(seed, plan.sizes) as harness:
        await install(harness, urls.app)
        async with _replicas(plan, home, harness, urls) as replicas, Front(lambda: addresses(replicas)) as front:
            harness.slack.events_url = f"{front.url}/slack/events"
            trouble = Troublemaker(harness, replicas, front, server, facts)
            complaints: list[str] = []
            try:
                async with asyncio.timeout(limit_s - (time.monotonic() - began)):
                    await _carry_out(plan, harness, trouble, facts)
                    await _come_to_rest(urls, harness)
            except TimeoutError:
                complaints.append(f"it had not come to rest after {limit_s:.0f} s")
            counts = {
                "429 from Slack": sum(call.status == 429 for call in harness.slack.calls),
                "failures of the model": harness.model.failed,
                "events duplicated": front.duplicated,
                "events not taken at once": front.refused,
                "starts to be repeated": sum(replica.failed_starts for replica in replicas),
            }
        async with open_ledger(urls.root) as ledger:
            await _look(facts, ledger, harness)
        complaints += [complaint for replica in replicas for complaint in replica.complaints]
    return Ended(facts, trouble.made, counts, complaints, time.monotonic() - began)


@contextlib.asynccontextmanager
async def _database() -> AsyncIterator[tuple[PostgresServer, DatabaseUrls]]:
    server = await asyncio.to_thread(PostgresServer.start)
    try:
        await asyncio.to_thread(date_commits, server)
        urls = await asyncio.to_thread(server.create_database)
        await migrate(urls.owner, application_role=APP)
        await watch(urls.root)
        yield server, urls
    finally:
        await asyncio.to_thread(server.stop)


@contextlib.asynccontextmanager
async def _replicas(plan: Plan, home: Path, harness: Harness, urls: DatabaseUrls) -> AsyncIterator[list[Replica]]:
    settings = harness.settings() | {"DATABASE_URL": urls.app, "LOGSENSE_LEASE": f"{plan.sizes.lease_s:g}"}
    replicas = [Replica(number, home, variables_for(settings)) for number in range(plan.sizes.replicas)]
    try:
        await asyncio.gather(*(replica.start() for replica in replicas))
        yield replicas
    finally:
        await asyncio.gather(*(replica.end() for replica in replicas))


async def _carry_out(plan: Plan, harness: Harness, trouble: Troublemaker, facts: Facts) -> None:
    """Everybody asked and was answered, and everything that was to go wrong did."""
    async with asyncio.TaskGroup() as group:
        for ask in plan.asks:
            group.create_task(_ask(ask, harness, facts))
        for event in plan.events:
            group.create_task(_make(event, trouble))


async def _make(event: Event, trouble: Troublemaker) -> None:
    await asyncio.sleep(event.at_s)
    await trouble.make(event)


async def _ask(ask: Ask, harness: Harness, facts: Facts) -> None:
    await asyncio.sleep(ask.at_s)
    where = await harness.ask(ask, facts)
    if ask.cancel_after_s is not None:
        await asyncio.sleep(ask.cancel_after_s)
        await harness.cancel(*where)


async def _come_to_rest(urls: DatabaseUrls, harness: Harness) -> None:
    """Nothing waits or runs any more, and what was on its way to Slack has arrived."""
    async with open_ledger(urls.root) as ledger:
        while await ledger.open_runs():
            await asyncio.sleep(0.5)
    await asyncio.sleep(_LAST_EDITS_S)
    await harness.slack.settle()


async def _look(facts: Facts, ledger: Ledger, harness: Harness) -> None:
    facts.kept = await ledger.kept()
    facts.entries = await ledger.entries()
    facts.holds = await ledger.holds()
    facts.posted = harness.posted()
    facts.calls = harness.model.calls
    facts.reads = harness.reads()
