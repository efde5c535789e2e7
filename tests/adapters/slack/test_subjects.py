"""What a message gives to start an investigation from, whoever wrote it and whatever Slack did to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from adapters.slack.inbound.payloads import subject_in
from core.domain.conversation import IssueText, PastedEvent
from core.domain.incident import ErrorEvent
from core.gateways.sentry.payloads import read_event
from tests.adapters.slack.payloads import ADA, ALERTS, BOT, ISSUE_URL, JAVA, NODE, PYTHON, Json

TRACES = {
    "python": (PYTHON, [("<module>", 12), ("run", 40)], "KeyError: 'id'"),
    "java": (JAVA, [("run", 840), ("<init>", 41)], "java.lang.IllegalStateException: no cart"),
    "node": (
        NODE,
        [("Object.<anonymous>", 3), ("Object.checkout", 9), ("total", 41)],
        "TypeError: Cannot read properties of undefined (reading 'id')",
    ),
}
EVENT = {"event_id": "e1", "exception": {"values": [{"type": "KeyError", "value": "“id” isn\u2019t there"}]}}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        (f"<@{BOT}> investigate <{ISSUE_URL}|this>", ISSUE_URL),
        (f"<@{BOT}> investigate shop-1a2", "shop-1a2"),
        ("Investigate: SHOP-AB.", "SHOP-AB"),
        (f"is (<{ISSUE_URL}>) new?", ISSUE_URL),
        ("SHOP-1A2 is back, UTF-8 again", "SHOP-1A2"),
        ("UTF-8 again, see `MY-SHOP-1A2`", "MY-SHOP-1A2"),
        (f"SHOP-1A2\n```{PYTHON}```", "SHOP-1A2"),
        ("<http://acme.sentry.io/issues/12|acme.sentry.io/issues/12>", "http://acme.sentry.io/issues/12"),
        ("<https://github.com/a/b/issues/1> is <https://sentry.io/organizations/acme/issues/2/events/latest/>",
         "https://sentry.io/organizations/acme/issues/2/events/latest/"),
    ],
)  # fmt: skip
def test_an_issue_named_in_the_text_comes_first(text: str, issue: str) -> None:
    assert subject_in({"text": text, "user": ADA}) == IssueText(issue)


@pytest.mark.parametrize(("alert", "issue"), ALERTS.values(), ids=ALERTS.keys())
def test_the_issue_of_an_alert_is_found_in_its_blocks_and_attachments(alert: Json, issue: str) -> None:
    assert subject_in(alert) == IssueText(issue)


@pytest.mark.parametrize("name", ["from_url", "title_link", "original_url", "fallback", "footer", "pretext", "text"])
def test_each_place_where_alerts_put_links_is_read(name: str) -> None:
    assert subject_in({"bot_id": "B0", "text": "", "attachments": [{name: ISSUE_URL}]}) == IssueText(ISSUE_URL)


def _read(message: Json) -> ErrorEvent:
    subject = subject_in(message)
    assert isinstance(subject, PastedEvent)
    return read_event(subject.text)


PASTED: dict[str, Callable[[str], str]] = {
    "escaped": _escaped,
    "in a code block": lambda text: f"```{_escaped(text)}```",
    "in a named code block": lambda text: f"seen just now\n```\n{_escaped(text)}\n``` any idea?",
    "smart quotes": lambda text: re.sub(r"\"([^\"]*)\"", r"“\1”", _escaped(text)),
    "no-break blanks": lambda text: _escaped(text).replace(" ", "\xa0"),
    "quoted": lambda text: re.sub("^", "&gt; ", _escaped(text), flags=re.MULTILINE),
    "flat": lambda text: "\n".join(line.strip() for line in _escaped(text).splitlines()),
    "linked": lambda text: re.sub(r"(worker\.py|java\.lang\.Thread\.run)", r"<http://\1|\1>", _escaped(text)),
    "asked for": lambda text: f"<@{BOT}> investigate\n{_escaped(text)}",
    "after an outdated standard": lambda text: f"HTTP-500 since noon\n{_escaped(text)}",
}


@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED.keys())
@pytest.mark.parametrize(("trace", "calls", "title"), TRACES.values(), ids=TRACES.keys())
def test_a_pasted_trace_has_its_frames_and_its_error_for_a_title(
    trace: str, calls: list[tuple[str, int]], title: str, pasted: Callable[[str], str]
) -> None:
    event = _read({"text": pasted(trace), "user": ADA})
    assert [(frame.function, frame.line) for frame in event.exceptions[-1].frames] == calls
    assert event.title == title
    assert event.exceptions[-1].frames[0].file in ("/srv/shop/worker.py", "Thread.java", "/srv/shop/index.js")


@pytest.mark.parametrize(("trace", "platform"), [(PYTHON, "python"), (JAVA, "java"), (NODE, "node")])
def test_the_platform_is_told(trace: str, platform: str) -> None:
    assert _read({"text": trace}).platform == platform
    assert _read({"text": "the checkout is broken again"}).platform == "other"


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(EVENT),
        json.dumps(EVENT, ensure_ascii=False),
        json.dumps(EVENT, indent=2, ensure_ascii=False),
        json.dumps({"event": EVENT}),
        json.dumps({"data": {"event": EVENT}}),
        json.dumps({"message": "no cart", "platform": "python"}),
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "```{}```", "```json\n{}\n```", "this one:\n```{}```\nwhy?", "look: {} please"]
)
def test_an_event_is_handed_on_as_it_is(written: str, around: str) -> None:
    subject = subject_in({"text": around.replace("{}", _escaped(written)), "user": ADA})
    assert subject == PastedEvent(written, "a Slack message")


def test_an_event_whose_quotes_a_phone_changed_is_mended() -> None:
    text = json.dumps({"message": "no cart", "event_id": "e1"}).replace('"', "”")
    assert _read({"text": text}).message == "no cart"


def test_other_json_is_words() -> None:
    assert (
        _read({"text": '{"level": "error", "msg": "cart is gone"}'}).message
        == '{"level": "error", "msg": "cart is gone"}'
    )


def test_ids_and_links_inside_of_what_was_pasted_name_no_issue() -> None:
    trace = PYTHON.replace("KeyError: 'id'", "ApiError: GET https://shop.example.com/issues/12 in SHOP-1A2")
    assert _read({"text": trace, "user": ADA}).title == "ApiError: GET https://shop.example.com/issues/12 in SHOP-1A2"
    assert isinstance(subject_in({"text": json.dumps({**EVENT, "url": ISSUE_URL})}), PastedEvent)


def test_a_trace_that_a_bot_posted_is_found_behind_its_summary() -> None:
    elements = [
        {"type": "text", "text": PYTHON.split("worker.py")[0]},
        {"type": "link", "url": "http://worker.py", "text": "worker.py"},
        {"type": "text", "text": PYTHON.split("worker.py")[1]},
    ]
    block = {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": elements}]}
    event = _read({"text": "New error in shop", "bot_id": "B0", "blocks": [block]})
    assert [frame.line for frame in event.exceptions[-1].frames] == [12, 40] and event.exceptions[-1].frames[
        0
    ].file == "/srv/shop/worker.py"


def test_a_forwarded_trace_is_found_behind_what_was_said() -> None:
    event = _read({"text": "can we look at this?", "user": ADA, "attachments": [{"is_share": True, "text": NODE}]})
    assert len(event.exceptions[-1].frames) == 3


def test_a_persons_own_trace_goes_before_an_unfurled_link() -> None:
    message = {"text": PYTHON, "user": ADA, "attachments": [{"from_url": ISSUE_URL}]}
    assert isinstance(subject_in(message), PastedEvent)


def test_words_are_enough_when_they_say_something() -> None:
    words = "payments time out in EU-WEST-1 since the deploy"
    assert _read({"text": words}).message == words


@pytest.mark.parametrize("message", [{}, {"text": ""}, {"text": f"<@{BOT}>"}, {"text": "thanks!"}, {"blocks": [{}]}])
def test_nothing_is_made_of_nothing(message: Json) -> None:
    assert subject_in(message) is None


def test_a_huge_message_still_fits_the_limit_of_an_event() -> None:
    assert len(_read({"text": "é\x01☃" * 100_000}).message or "") > 10_000
