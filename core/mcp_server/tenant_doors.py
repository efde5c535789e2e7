"""The ways out of this process, opened for the tenant of the current call: the tracker, the index, the pasted event."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from core.domain.errors import Refusal
from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.knowledge_engine import KnowledgeEngine
from core.gateways.logs.index import folder_of
from core.gateways.logs.reading import LogIndex
from core.gateways.sentry_http import ServerState
from core.gateways.sentry_incidents import SentryIncidents
from core.gateways.sentry_payloads import read_event
from core.gateways.single_event import SingleEventSource
from core.mcp_server.tenancy import tenant
from core.ports import IncidentSource, KnowledgeBase

_KEPT = 64
_KEPT_EVENTS = 8

K = TypeVar("K")
V = TypeVar("V")


class TenantDoors:
    """Doors over one HTTP session and one index that all tenants share."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        allowed_hosts: frozenset[str],
        knowledge: KnowledgeEngine,
        prepare: Callable[[Any], Any] | None = None,
        logs: Path | None = None,
    ) -> None:
        """`prepare` sees the JSON of events before anything else does: there names still belong to their values.

        `logs` is the directory of the indexes of logs.
        """
        self._logs = logs
        self._prepare = prepare
        self._session = session
        self._allowed_hosts = allowed_hosts
        self._knowledge = knowledge
        self._servers: OrderedDict[tuple[OrganizationId, SentryConnection], ServerState] = OrderedDict()
        self._trackers: OrderedDict[tuple[OrganizationId, SentryConnection, str], SentryIncidents] = OrderedDict()
        self._events: OrderedDict[str, SingleEventSource] = OrderedDict()

    def incidents(self) -> IncidentSource:
        """The tracker, or the one event that was pasted."""
        caller = tenant()
        if caller.event_text is not None:
            text = caller.event_text
            return _kept(
                self._events, text, lambda: SingleEventSource(partial(read_event, text, self._prepare)), _KEPT_EVENTS
            )
        if caller.connection is None:
            raise Refusal("No Sentry is connected: give the address, organization and token of one, or paste an event.")
        connection, key = caller.connection, (caller.organization_id, caller.connection)
        state = _kept(self._servers, key, ServerState, _KEPT)
        return _kept(
            self._trackers,
            (*key, caller.investigation_id),
            lambda: SentryIncidents(connection, self._session, self._allowed_hosts, state, self._prepare),
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


def _kept(kept: OrderedDict[K, V], key: K, make: Callable[[], V], limit: int) -> V:
    """The value for `key`, made once; the longest unused goes when there are more than `limit`."""
    if key not in kept:
        kept[key] = make()
        if len(kept) > limit:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]
