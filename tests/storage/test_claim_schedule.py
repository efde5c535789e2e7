"""Generated days of a queue, checked after every step against what the rules allow."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.tenancy import Limits, OrganizationId
from core.ports import BackgroundTask, Run
from core.storage.database_stores import SqlStores, open_stores
from tests.storage.samples import ids, investigation

CAP = 2
LIMITS = Limits(max_concurrent=CAP)
ORGANIZATIONS = [OrganizationId(name) for name in ("acme", "globex", "initech")]

SUBMIT = st.tuples(st.sampled_from(["investigate", "investigate", "errand"]), st.sampled_from(ORGANIZATIONS))
CLAIM = st.tuples(st.just("claim"), st.integers(1, 4))
END = st.tuples(st.sampled_from(["finish", "hand back", "die", "renew", "cancel"]), st.integers(0, 9))
SCHEDULES = st.lists(SUBMIT | CLAIM | END, max_size=40)


@dataclass
class Day:
    """What must be true: runs waiting by organization in order, and those held now."""

    stores: SqlStores
    late: SqlStores
    waiting: dict[str, tuple[OrganizationId, str]] = field(default_factory=dict)
    orphaned: dict[str, tuple[OrganizationId, str]] = field(default_factory=dict)
    held: list[Run] = field(default_factory=list)
    submitted: int = 0

    async def submit(self, kind: str, organization_id: OrganizationId) -> None:
        self.submitted += 1
        subject = f"{self.submitted:08}"
        store = self.stores.for_organization(organization_id)
        if kind == "errand":
            await store.add_background_task(BackgroundTask(subject, "check", {}))
        else:
            await store.add_investigation(investigation(subject), None, subject)
        self.waiting[subject] = (organization_id, kind)

    async def claim(self, limit: int) -> None:
        expected = self._fair(limit)
        claimed = await self.stores.runs.claim(limit)
        assert [run.subject_id for run in claimed] == expected
        self.held += claimed
        for run in claimed:
            self.waiting.pop(run.subject_id, None)
            self.orphaned.pop(run.subject_id, None)
        running = Counter(run.organization_id for run in self.held if run.kind == "investigate")
        assert not running or max(running.values()) <= CAP

    def _fair(self, limit: int) -> list[str]:
        """One slot after the other: to the lane with the fewest running, its orphans first, then its oldest."""
        busy = Counter((run.organization_id, run.kind) for run in self.held)
        candidates = [(0, *item) for item in sorted(self.orphaned.items())]
        candidates += [(1, *item) for item in sorted(self.waiting.items())]
        chosen: list[str] = []
        while len(chosen) < limit:
            open_ = [c for c in candidates if c[2][1] == "errand" or busy[c[2]] < CAP]
            if not open_:
                break
            best = min(open_, key=lambda c: (busy[c[2]], c[0], c[1]))
            candidates.remove(best)
            busy[best[2]] += 1
            chosen.append(best[1])
        return chosen

    async def end(self, how: str, index: int) -> None:
        if not self.held:
            return
        run = self.held[index % len(self.held)]
        match how:
            case "renew":
                assert await self.stores.runs.renew(self.held) == (ids(*self.held), ids())
                return
            case "finish":
                assert await self.stores.runs.finish(run, "done")
            case "cancel":
                assert await self.stores.for_organization(run.organization_id).cancel_run(run.subject_id)
                assert await self.stores.runs.finish(run, "cancelled")
            case "hand back":
                await self.stores.runs.hand_back([run])
                self.waiting[run.subject_id] = (run.organization_id, run.kind)
            case "die":
                await self.late.runs.renew([run])
                self.orphaned[run.subject_id] = (run.organization_id, run.kind)
        self.held.remove(run)

    async def drain(self) -> None:
        """Whatever waits is reached when what runs ends: nobody starves."""
        while self.held or self.waiting or self.orphaned:
            for run in self.held:
                assert await self.stores.runs.finish(run, "done")
            self.held.clear()
            await self.claim(2)


async def _live_through(file: Path, schedule: Sequence[tuple[str, object]]) -> None:
    url = f"sqlite:///{file}"
    async with (
        open_stores(url, owner="worker", secret_keys=["key"], lease_s=3600.0, defaults=LIMITS) as stores,
        open_stores(url, owner="worker", secret_keys=["key"], lease_s=-1.0, defaults=LIMITS) as late,
    ):
        day = Day(stores, late)
        for step in schedule:
            match step:
                case ("claim", int(limit)):
                    await day.claim(limit)
                case (how, int(index)):
                    await day.end(how, index)
                case (kind, str(organization_id)):
                    await day.submit(kind, OrganizationId(organization_id))
        await day.drain()


@settings(max_examples=40, deadline=None)
@given(SCHEDULES)
def test_every_claim_is_fair_and_keeps_the_cap_and_nobody_starves(
    sqlite_template: Path, schedule: Sequence[tuple[str, object]]
) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "logsense.db"
        shutil.copy(sqlite_template, file)
        asyncio.run(_live_through(file, schedule))


async def test_a_single_request_waits_for_one_slot_however_long_the_neighbours_queue(stores: SqlStores) -> None:
    noisy, quiet, *_ = ORGANIZATIONS
    for n in range(60):
        await stores.for_organization(noisy).add_investigation(investigation(f"noisy{n:03}"), None, f"d{n}")
    held = list(await stores.runs.claim(1))
    await stores.for_organization(quiet).add_investigation(investigation("quiet000"), None, "d")
    held += await stores.runs.claim(1)
    assert [run.subject_id for run in held] == ["noisy000", "quiet000"]


async def test_several_workers_together_keep_the_cap_and_finish_everything_once(database_url: str) -> None:
    finished: Counter[str] = Counter()
    running: Counter[str] = Counter()

    async with open_stores(database_url, owner="submitter", secret_keys=["key"]) as stores:
        for n in range(30):
            organization_id = ORGANIZATIONS[n % 3]
            await stores.for_organization(organization_id).add_investigation(investigation(f"i{n:05}"), None, f"d{n}")

    async def work(owner: str) -> None:
        async with open_stores(database_url, owner=owner, secret_keys=["key"], defaults=LIMITS) as mine:
            while sum(finished.values()) < 30:
                claimed = await mine.runs.claim(2)
                for run in claimed:
                    running[run.organization_id] += 1
                assert max(running.values()) <= CAP
                await asyncio.sleep(0.002)
                for run in claimed:
                    running[run.organization_id] -= 1
                    assert await mine.runs.finish(run, "done")
                    finished[run.subject_id] += 1

    async with asyncio.timeout(30):
        await asyncio.gather(*(work(f"w{n}") for n in range(4)))
    assert set(finished.values()) == {1}
    assert len(finished) == 30
