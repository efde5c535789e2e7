"""Worst cases for what reads, masks, classifies and renders outside text, each function as a whole.

The texts are the dearest case of each pattern of the product, as one line and as many, and nested or repeated marks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from adapters.common import pasted_input as pasted
from adapters.common import short_sentences as shortened
from adapters.slack.render import mrkdwn
from adapters.teams.inbound.message_text import written_in
from adapters.teams.render import text as teams_text
from core.agent.report import quoted_parts
from core.agent.rules.causes import classify
from core.agent.rules.classified_text import classified_text
from core.agent.rules.offending_value import find_breaking_value
from core.agent.rules.template_values import template_values
from core.domain.causes import Cause
from core.domain.errors import LogSenseError
from core.domain.fingerprint import fingerprint_of_text
from core.domain.tool_facts import StackFacts
from core.domain.untrusted_text import neutralize
from core.gateways.sentry.payloads import event_from_json, read_event
from core.gateways.text.events import event_in_text
from core.masking.controls import without_controls
from core.mcp_server.masking import Masker
from core.mcp_server.output import page_of
from core.mcp_server.tools.get_stacktrace import stack_output
from tests.benchmarks.pattern_growth import Case, Growth, measured

SHORT, LONG = 1_024, 8_192
"""From which length a text is measured: below the limits of reading, and where only the whole text is large."""
_LINE = 300
_PARTS = 40
_MARKS = (
    *("sk-", " ", "password='", "a/", "http://a:", '"k":', "a@", "at x (", "**a", "`", "<", "[outside data", "\n> "),
    *('{"a":', "[", "((", "\n", "\t", "&lt;", "<at>", "```\n", "at a.b(c.js:1:1)\n", 'File "a.py", line 1, in f\n'),
    *("Caused by: a.BError: c\n", "\\n", "%41", "é", "a=b ", "k: v\n", "1. ", "\u202e", "a: b: "),
)
_MASKER = Masker("k")
_Text = tuple[str, Callable[[int], str], int]


def _stack(text: str) -> StackFacts:
    return {"exceptions": [{"type": "TypeError", "value": text}], "frame": {"source": text, "variables": {"a": text}}}


def _page(text: str) -> object:
    values: list[dict[str, object]] = [
        {"type": "E", "value": text[part::_PARTS] if part else text} for part in range(_PARTS)
    ]
    frame: dict[str, object] = {
        "filename": text,
        "function": text,
        "context_line": text,
        "pre_context": [text],
        "vars": {"a": text},
    }
    values[-1] = {"type": text, "value": text, "stacktrace": {"frames": [frame]}}
    event = event_from_json(
        {
            "exception": {"values": values},
            "breadcrumbs": [{"message": text, "data": {"a": text}}],
            "request": {"url": text, "query_string": text, "headers": [["cookie", text]], "data": text},
            "tags": {"a": text},
            "extra": {"a": text, "nested": [text]},
        }
    )
    return page_of(stack_output(event, _MASKER), 1, _MASKER, "0badcafe")


def _pasted_page(text: str) -> object:
    return page_of(stack_output(read_event(text), _MASKER), 1, _MASKER, "0badcafe")


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "read an event, mask and render it": _page,
    "read a pasted text, mask and render it": _pasted_page,
    "read a pasted text after an exception": lambda text: event_in_text(f"ValueError: x\n{text}\n  at a.b(c.js:1:1)"),
    "read an event as JSON": lambda text: read_event(json.dumps({"exception": {"values": [{"value": text}]}})),
    "pasted in a chat": lambda text: (pasted.event_in(text, "chat"), pasted.trace_in(text, "chat")),
    "prose of a pasted text": pasted.prose_of,
    "Masker.text": _MASKER.text,
    "Masker.named": lambda text: _MASKER.named("password", text),
    "neutralize": neutralize,
    "without_controls": without_controls,
    "classify": lambda text: classify(_stack(text), {}),
    "classified_text": classified_text,
    "template_values": lambda text: template_values(Cause.NULL_VALUE, {"title": text}, _stack(text), {}),
    "find_breaking_value": lambda text: [find_breaking_value(cause, text, _stack(text)) for cause in Cause],
    "fingerprint_of_text": fingerprint_of_text,
    "quoted_parts": quoted_parts,
    "one_sentence": shortened.one_sentence,
    "without_records": shortened.without_records,
    "slack.mrkdwn.prose": mrkdwn.prose,
    "slack.mrkdwn.code_block": mrkdwn.code_block,
    "teams.text.prose": lambda text: list(teams_text.prose(text)),
    "teams.text.blocks_of_code": lambda text: list(teams_text.blocks_of_code(text)),
    "teams message": lambda text: written_in({"text": text, "textFormat": "plain"}, "bot"),
}
"""What reads outside text and touches nothing else."""


def of_functions(cases: Iterable[Case]) -> Iterator[Growth]:
    """Yield for each function its first superlinear case, else the dearest."""
    texts: list[_Text] = [(repr(mark), partial(_repeated, mark), start) for mark in _MARKS for start in (SHORT, LONG)]
    for case in cases:
        texts += [(f"{case} as a line", case.at, SHORT), (f"{case} as lines", partial(_lines, case), LONG)]
    for name, function in FUNCTIONS.items():
        yield _worst(name, function, texts)


def _worst(name: str, function: Callable[[str], object], texts: list[_Text]) -> Growth:
    grown: list[Growth] = []
    for shown, text, start in texts:
        growth = measured(name, shown, partial(_call, function, text), start, shortest=start)
        grown.append(growth)
        if growth.is_superlinear:
            return growth
    return max(grown, key=lambda growth: growth.seconds[2] / growth.length)


def _call(function: Callable[[str], object], text: Callable[[int], str], length: int) -> Callable[[], None]:
    return partial(_quiet, function, text(length))


def _quiet(function: Callable[[str], object], text: str) -> None:
    try:
        function(text)
    except LogSenseError:
        return


def _repeated(mark: str, length: int) -> str:
    return mark * (length // len(mark))


def _lines(case: Case, length: int) -> str:
    line = case.at(_LINE)
    return f"{line}\n" * (length // (len(line) + 1) or 1)
