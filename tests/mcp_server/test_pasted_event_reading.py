"""Reading a pasted event takes CPU time, which is spent once and never on the event loop."""

import asyncio
import threading

from core.domain.incident import ErrorEvent, IssueRef
from core.gateways.single_event import SingleEventSource


async def test_a_pasted_event_is_read_once_and_in_a_thread() -> None:
    read_in: list[int] = []

    def read() -> ErrorEvent:
        read_in.append(threading.get_ident())
        return ErrorEvent(title="KeyError: 'sku'")

    source = SingleEventSource(read)
    issue, event = await asyncio.gather(source.issue(IssueRef("this-event")), source.event(IssueRef("this-event")))
    assert issue.title == event.title == "KeyError: 'sku'"
    assert len(read_in) == 1
    assert read_in[0] != threading.get_ident()
