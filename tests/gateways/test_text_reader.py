"""A stack that was logged as text is a stack."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.incident import Frame
from core.gateways.sentry.payloads import read_event
from core.gateways.text.reader import read_text


def _frames(text: str) -> tuple[Frame, ...]:
    trace = read_text(text).trace
    return trace.exceptions[0].frames if trace and trace.exceptions else ()


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
        (JAVA, [(None, "call", None), ("Thread.java", "run", 840), ("Cart.java", "total", 41)]),
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
    assert [(frame.file, frame.function, frame.line) for frame in _frames(text)] == expected


def test_source_lines_come_along() -> None:
    assert _frames(PYTHON)[1].source == ((40, '    return job["id"]'),)


def _calls(text: str) -> list[tuple[str | None, str | None, int | None]]:
    return [(frame.file, frame.function, frame.line) for frame in _frames(text)]


def _flat(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines())


def _numbered(text: str) -> str:
    return "\n".join(f"{number:>3}: {line}" for number, line in enumerate(text.splitlines(), 1))


def _wrapped(text: str) -> str:
    return re.sub(r" ?\(", lambda bracket: f"\n{bracket[0]}", text)


def _broken_inside(text: str) -> str:
    return (
        text.replace("(/srv", "(\n/srv").replace("(Cart", "(\n    Cart").replace("/shop/checkout", "/shop\n/checkout")
    )


@pytest.mark.parametrize("trace", [PYTHON, JAVA, NODE], ids=["python", "java", "node"])
@pytest.mark.parametrize(
    "mangled",
    [
        _flat,
        _numbered,
        lambda text: re.sub("^", "> ", text, flags=re.MULTILINE),
        lambda text: re.sub("^", ">>", _flat(text), flags=re.MULTILINE),
        lambda text: text.replace("    at ", "  • at "),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: f"seen since noon:\n\n{text}\n\nany idea?",
        lambda text: text.replace("    at ", "    at\n"),
        _wrapped,
        _broken_inside,
    ],
    ids=["flat", "numbered", "quoted", "quoted-flat", "bullets", "crlf", "in-prose", "after-at", "wrapped", "inside"],
)
def test_what_chats_do_to_a_trace_changes_no_call(trace: str, mangled: Callable[[str], str]) -> None:
    assert _calls(mangled(trace)) == _calls(trace)


@pytest.mark.parametrize("mangled", [_flat, _numbered], ids=["flat", "numbered"])
def test_source_lines_survive_without_indentation(mangled: Callable[[str], str]) -> None:
    sources = [frame.source[0][1].strip() for frame in _frames(mangled(PYTHON))]
    assert sources == ["run(job)", 'return job["id"]']


def test_what_follows_a_call_without_source_is_not_taken_for_its_source() -> None:
    bare = 'File "a.py", line 3, in run\nFile "b.py", line 4, in go\nshop.errors.NoCart: 7'
    assert [frame.source for frame in _frames(bare)] == [(), ()]
    assert _frames('  File "a.py", line 3, in run\nseen twice since noon')[0].source == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("at java.base@17.0.1/java.lang.Thread.run(Thread.java:840)", ("Thread.java", "run", 840)),
        ("at app//com.acme.Cart.total(Cart.java:41) ~[shop.jar:1.0]", ("Cart.java", "total", 41)),
        ("at com.acme.Cart.<init>(Cart.java:9)", ("Cart.java", "<init>", 9)),
        ("at Cart.#sum (/srv/cart.js:4:2)", ("/srv/cart.js", "Cart.#sum", 4)),
        ("at Page (/srv/app/(shop)/page.tsx:3:4)", ("/srv/app/(shop)/page.tsx", "Page", 3)),
    ],
)
def test_unusual_calls_are_read(line: str, expected: tuple[str, str, int]) -> None:
    assert _calls(line) == [expected]


@pytest.mark.parametrize(
    "unit", ["\n", " ", "at ", "at\n", "at a(\n", "at a\n(", "> ", "1 ", "a.", 'File "', "1:1:", "at a.", "at 1:"]
)
def test_no_text_takes_long(unit: str) -> None:
    short, long = (_seconds((unit * size)[:size]) for size in (25_000, 100_000))
    assert long < 12 * short + 0.2


def _seconds(text: str) -> float:
    begun = time.process_time()
    _frames(text)
    _frames("at " + text)
    return time.process_time() - begun


def test_an_event_without_frames_gets_those_of_its_message() -> None:
    event = read_event(json.dumps({"event_id": "e", "logentry": {"formatted": PYTHON}}))
    assert [frame.line for frame in event.exceptions[0].frames] == [12, 40]


@given(st.text(max_size=500))
def test_any_text_is_read(text: str) -> None:
    _frames(text)
