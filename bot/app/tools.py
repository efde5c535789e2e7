"""Every organization's tools, on the one tool server of this process."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.errors import LogSenseError
from core.domain.tenancy import OrganizationId, PersonalData, SentryConnection
from core.gateways.mcp.process import McpProcess
from core.gateways.mcp.toolbox import McpHostTools, McpToolbox
from core.ports import HostTools, Stores, Toolbox
from core.requests.connections import Connections


@dataclass(frozen=True, slots=True)
class Tools:
    """Implements `core.ports.ToolProvider`."""

    process: McpProcess
    connections: Connections
    stores: Stores
    masks: frozenset[PersonalData]
    """What is masked for organizations that chose nothing else."""

    async def toolbox(
        self, organization_id: OrganizationId, investigation_id: str, event_text: str | None, log: str | None = None
    ) -> Toolbox:
        """See the port."""
        connection = await self.connections.sentry(organization_id)
        return McpToolbox(
            self.process,
            organization_id,
            connection,
            investigation_id,
            event_text,
            await self._masks_of(organization_id),
            log=log,
        )

    async def host_tools(self, organization_id: OrganizationId) -> HostTools:
        """See the port."""
        connection = await self.connections.sentry(organization_id)
        return McpHostTools(self.process, organization_id, connection, await self._masks_of(organization_id))

    async def _masks_of(self, organization_id: OrganizationId) -> frozenset[PersonalData]:
        chosen = await self.stores.for_organization(organization_id).masked_personal_data()
        return self.masks if chosen is None else chosen

    async def writes_allowed(self, organization_id: OrganizationId) -> bool:
        """See the port."""
        connection = await self.connections.sentry(organization_id)
        return connection is not None and connection.writes_allowed

    async def try_sentry(self, organization_id: OrganizationId, connection: SentryConnection) -> str:
        """What was reached with `connection`, in words; raises a LogSenseError that says what to mend."""
        found = await McpHostTools(self.process, organization_id, connection).describe_connection()
        if not found.ok:
            raise LogSenseError(found.text)
        scopes = [str(scope) for scope in found.facts.get("scopes", ())]
        if not scopes:
            return "Reached: issues can be read. This Sentry does not say what else the token may do."
        if connection.writes_allowed and not {"event:write", "event:admin"} & set(scopes):
            raise LogSenseError(
                f"The token may {', '.join(scopes)}. Resolving issues from here needs event:write: "
                "make one with it, or leave resolving off."
            )
        return f"Reached: issues can be read. The token may {', '.join(scopes)}."
