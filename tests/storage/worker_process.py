"""A worker to be killed: claims one run, journals one step after the other, and says so on stdout."""

from __future__ import annotations

import asyncio
import sys

from core.storage.database_stores import open_stores
from tests.storage.samples import ACME, observed


async def main(url: str, lease_s: float, steps: int) -> None:
    async with open_stores(url, owner="process", secret_keys=["key"], lease_s=lease_s) as stores:
        (run,) = await stores.runs.claim(1)
        journal = stores.for_organization(ACME).journal(run.subject_id, run)
        for n in range(steps):
            await journal.record(observed(n))
            print(n, flush=True)
        await stores.runs.finish(run, "done")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
