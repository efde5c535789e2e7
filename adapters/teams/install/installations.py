"""Where each tenant's conversations are reached, kept through the Installations port: any replica may write to them."""

from __future__ import annotations

import json
import time

from adapters.teams.api_errors import SERVICE
from core.domain.errors import AccessDenied
from core.domain.tenancy import WorkspaceRef
from core.ports import Installations

_REMEMBERED_S = 60.0
"""How long another replica's uninstall may go unnoticed; Teams refuses what is sent by then anyway."""


class TeamsInstallations:
    """The service URL of each tenant, as its newest event said it: Microsoft moves tenants between services."""

    def __init__(self, kept: Installations) -> None:
        self._kept = kept
        self._known: dict[str, tuple[float, str]] = {}

    async def service_of(self, workspace: WorkspaceRef) -> str:
        """The tenant's service URL; raises AccessDenied when nothing was ever heard from it."""
        found = await self._find(workspace)
        if found is None:
            raise AccessDenied(SERVICE, "LogSense is not installed in that Teams organization any more.")
        return found

    async def remember(self, workspace: WorkspaceRef, service_url: str) -> None:
        """Kept, instead of any before."""
        if await self._find(workspace) != service_url:
            await self._kept.save(workspace, json.dumps({"service_url": service_url}))
            self._known[workspace.key] = (time.monotonic(), service_url)

    async def _find(self, workspace: WorkspaceRef) -> str | None:
        known = self._known.get(workspace.key)
        if known is not None and time.monotonic() - known[0] < _REMEMBERED_S:
            return known[1]
        self._known.pop(workspace.key, None)
        document = await self._kept.find(workspace)
        if document is None:
            return None
        service_url = str(json.loads(document)["service_url"])
        self._known[workspace.key] = (time.monotonic(), service_url)
        return service_url
