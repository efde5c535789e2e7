"""Reading a pasted event takes CPU time, which is spent once and never on the event loop."""

import asyncio
import threading
from functools import partial
from typing import Any

from core.domain.incident import IssueRef
from core.gateways.events.reading import EventReader
from core.gateways.events.single_event import SingleEventSource
from core.gateways.process_pool import ProcessPool


async def test_a_pasted_event_is_read_once_and_in_a_thread() -> None:
    read_in: list[int] = []

    def note_thread(payload: Any) -> Any:
        read_in.append(threading.get_ident())
        return payload

    reader = EventReader(ProcessPool(), "acme", note_thread)
    source = SingleEventSource(partial(reader.read_pasted, '{"message": "KeyError: sku"}'))
    issue, event = await asyncio.gather(source.issue(IssueRef("this-event")), source.event(IssueRef("this-event")))
    assert issue.title == event.title == "KeyError: sku"
    assert len(read_in) == 1
    assert read_in[0] != threading.get_ident()
