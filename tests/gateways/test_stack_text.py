"""A stack that was logged as text is a stack."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gateways.sentry_payloads import read_event
from core.gateways.stack_text import frames_in_text

PYTHON = """Traceback (most recent call last):
  File "/srv/shop/worker.py", line 12, in handle
    run(job)
  File "/srv/shop/jobs.py", line 40, in run
    return job["id"]
KeyError: 'id'"""
JAVA = """java.lang.IllegalStateException: no cart
    at com.acme.shop.Cart.total(Cart.java:41)
    at java.base/java.lang.Thread.run(Thread.java:840)
    at com.acme.shop.Native.call(Native Method)"""
NODE = """TypeError: Cannot read properties of undefined (reading 'id')
    at total (/srv/shop/cart.js:41:7)
    at async Object.checkout (file:///srv/shop/checkout.mjs:9:3)
    at node:internal/process/task_queues:95:5"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PYTHON, [("/srv/shop/worker.py", "handle", 12), ("/srv/shop/jobs.py", "run", 40)]),
        (JAVA, [("Thread.java", "run", 840), ("Cart.java", "total", 41)]),
        (
            NODE,
            [
                ("node:internal/process/task_queues", None, 95),
                ("file:///srv/shop/checkout.mjs", "Object.checkout", 9),
                ("/srv/shop/cart.js", "total", 41),
            ],
        ),
        ("nothing at all", []),
    ],
    ids=["python", "java", "node", "prose"],
)
def test_frames_are_read_oldest_first(text: str, expected: list[tuple[str, str | None, int]]) -> None:
    assert [(frame.file, frame.function, frame.line) for frame in frames_in_text(text)] == expected


def test_source_lines_come_along() -> None:
    assert frames_in_text(PYTHON)[1].source == ((40, '    return job["id"]'),)


def test_an_event_without_frames_gets_those_of_its_message() -> None:
    event = read_event(json.dumps({"event_id": "e", "logentry": {"formatted": PYTHON}}))
    assert [frame.line for frame in event.frames] == [12, 40]


@given(st.text(max_size=500))
def test_any_text_is_read(text: str) -> None:
    frames_in_text(text)
