"""The ways out of this process that tools may use; always those of the current call's tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from core.gateways.logs.reading import LogIndex
from core.ports import IncidentSource, KnowledgeBase

T = TypeVar("T")


class ToolContext(Protocol):
    """What tools may reach; always that of the current call's tenant."""

    def incidents(self) -> IncidentSource:
        """The tracker, or the one event that was pasted."""
        ...

    def knowledge(self) -> KnowledgeBase:
        """The organization's index."""
        ...

    def logs(self) -> LogIndex:
        """Open the logs that were handed over for this investigation; the caller closes them.

        Raises:
            Refusal: there are none, or they are no longer kept.
        """
        ...

    def has_one_event_only(self) -> bool:
        """Whether all that is known is one pasted event."""
        ...

    def require_writing(self) -> None:
        """Returns when this organization lets people change things in its tracker; raises Refusal otherwise."""
        ...

    async def compute(self, function: Callable[..., T], *arguments: Any, is_small: bool) -> T:
        """Return `function(*arguments)`, apart from the event loop and in turn with other organizations.

        Raises:
            WorkerFailed: it took too long.
        """
        ...
