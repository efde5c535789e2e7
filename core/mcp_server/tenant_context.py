"""The ways out of this process, opened for the tenant of the current call: the tracker, the index, the pasted event."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from core.domain.errors import Refusal
from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.events.reading import EventReader
from core.gateways.events.single_event import SingleEventSource
from core.gateways.logs.folders import folder_of
from core.gateways.logs.reading import LogIndex
from core.gateways.process_pool import ProcessPool
from core.gateways.qdrant.connection import KnowledgeEngine
from core.gateways.sentry.http import ServerState
from core.gateways.sentry.incidents import SentryIncidents
from core.mcp_server.tenancy import tenant
from core.ports import IncidentSource, KnowledgeBase

_KEPT = 64
_KEPT_EVENTS = 8

_TrackerKey = tuple[OrganizationId, SentryConnection, frozenset[str] | None, str]

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class OperatorAccess:
    """The session of the one organization that reaches more private hosts than others do."""

    organization_id: OrganizationId
    session: aiohttp.ClientSession
    allowed_hosts: frozenset[str]


class TenantToolContext:
    """Reaches the outside over one HTTP session and one index that all tenants share; the operator has its own."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        allowed_hosts: frozenset[str],
        knowledge: KnowledgeEngine,
        prepare: Callable[[], Callable[[Any], Any]] | None = None,
        operator: OperatorAccess | None = None,
        *,
        logs: Path | None = None,
        pool: ProcessPool | None = None,
    ) -> None:
        """What `prepare` gives for the tenant of a call sees the JSON of events first: names still belong to values.

        `logs` is the directory of the indexes of logs.
        """
        self._logs = logs
        self._operator = operator
        self._pool = pool or ProcessPool()
        self._prepare = prepare
        self._session = session
        self._allowed_hosts = allowed_hosts
        self._knowledge = knowledge
        self._servers: OrderedDict[tuple[OrganizationId, SentryConnection], ServerState] = OrderedDict()
        self._trackers: OrderedDict[_TrackerKey, SentryIncidents] = OrderedDict()
        self._events: OrderedDict[tuple[str, frozenset[str] | None], SingleEventSource] = OrderedDict()

    def incidents(self) -> IncidentSource:
        """The tracker, or the one event that was pasted."""
        caller = tenant()
        reader = EventReader(self._pool, caller.organization_id, self._prepare() if self._prepare else None)
        if caller.event_text is not None:
            text = caller.event_text
            return _kept(
                self._events,
                (text, caller.masks),
                lambda: SingleEventSource(partial(reader.read_pasted, text)),
                _KEPT_EVENTS,
            )
        if caller.connection is None:
            raise Refusal("No Sentry is connected: give the address, organization and token of one, or paste an event.")
        connection, key = caller.connection, (caller.organization_id, caller.connection)
        session, hosts = self._session, self._allowed_hosts
        if self._operator is not None and caller.organization_id == self._operator.organization_id:
            session, hosts = self._operator.session, self._operator.allowed_hosts
        state = _kept(self._servers, key, ServerState, _KEPT)
        return _kept(
            self._trackers,
            (*key, caller.masks, caller.investigation_id),
            lambda: SentryIncidents(connection, session, hosts, state, reader.read_body),
            _KEPT,
        )

    def knowledge(self) -> KnowledgeBase:
        """The organization's index; it is opened when first needed."""
        return self._knowledge.of(tenant().organization_id)

    def logs(self) -> LogIndex:
        """Open the logs of this investigation; a handle leads nowhere but to its own organization's."""
        caller = tenant()
        if caller.log is None or self._logs is None:
            raise Refusal("No logs were given for this investigation.")
        try:
            return LogIndex(folder_of(self._logs, caller.organization_id, caller.log))
        except FileNotFoundError:
            raise Refusal("The logs of this investigation are no longer kept; give them again.") from None

    def has_one_event_only(self) -> bool:
        """Whether all that is known is one pasted event."""
        return tenant().event_text is not None

    def require_writing(self) -> None:
        """Returns when this organization lets people change things in its tracker; raises Refusal otherwise."""
        connection = tenant().connection
        if connection is None:
            raise Refusal("No Sentry is connected, so nothing was changed there.")
        if not connection.writes_allowed:
            raise Refusal(
                "Changing things in Sentry is not allowed for this organization, so nothing was changed there."
            )

    async def compute(self, function: Callable[..., V], *arguments: Any, is_small: bool) -> V:
        """Return `function(*arguments)`, apart from the event loop and in turn with other organizations."""
        return await self._pool.run(tenant().organization_id, function, *arguments, is_small=is_small)

    async def close(self) -> None:
        """End the processes that read events."""
        await self._pool.close()


def _kept(kept: OrderedDict[K, V], key: K, make: Callable[[], V], limit: int) -> V:
    """The value for `key`, made once; the longest unused goes when there are more than `limit`."""
    if key not in kept:
        kept[key] = make()
        if len(kept) > limit:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]
