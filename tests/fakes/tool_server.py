"""The real tool server over stdio, with a tracker that misbehaves on request: `python -m tests.fakes.tool_server`.

The issue id says how: SLOW-1 never answers, DIE-1 kills the process at the first call, PRINT-1 litters stdout. Calls of
people's tools are counted in a file.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.domain.incident import ErrorEvent, IssueDetails, IssueRef
from core.mcp_server.masking import Masker
from core.mcp_server.server import HOST_ONLY, build_server
from core.mcp_server.stderr_log import log_started, log_to_stderr
from core.mcp_server.tenancy import sealed_tenancy, tenant
from tests.fakes.tool_sources import FakeToolContext, FakeTracker


class FaultyTracker(FakeTracker):
    """A tracker whose issues do what their names say; titles carry the organization that asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    async def issue(self, ref: IssueRef) -> IssueDetails:
        await self._misbehave(ref.id)
        event = tenant().event_text or ""
        return replace(await super().issue(ref), title=f"seen by {tenant().organization_id} {event}".strip())

    async def event(self, ref: IssueRef, which: str = "recommended") -> ErrorEvent:
        await self._misbehave(ref.id)
        return await super().event(ref, which)

    async def set_resolved(self, ref: IssueRef, *, resolved: bool) -> None:
        with (self._folder / "resolved").open("a") as calls:
            calls.write(f"{ref.id}\n")
        await self._misbehave(ref.id)

    async def issues(self, query: str, limit: int) -> Sequence[IssueDetails]:
        return [self.details]

    async def _misbehave(self, issue_id: str) -> None:
        if issue_id.startswith("SLOW"):
            (self._folder / "slow").touch()
            await asyncio.sleep(600)
        if issue_id.startswith("DIE") and not (self._folder / "died").exists():
            (self._folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if issue_id.startswith("PRINT"):
            print("stray words", flush=True)
            os.write(1, b"raw stray words\n")


async def main() -> None:
    log_to_stderr()
    key = os.environ.pop("LOGSENSE_MCP_KEY")
    context = FakeToolContext(FaultyTracker(Path(os.environ["LOGSENSE_KNOWLEDGE_DIR"])))
    masker = Masker(os.environ.pop("LOGSENSE_MASK_KEY"))
    server = build_server(context, masker, sealed_tenancy(key, HOST_ONLY), with_host_tools=True)
    log_started(os.getpid())
    await server.run_stdio_async()


if __name__ == "__main__":
    asyncio.run(main())
