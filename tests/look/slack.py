"""Draws our Slack messages, home page and modals roughly as Slack does, light and dark, for people to look at.

`python -m tests.look.slack OUT.html`, then open it. `make look-slack` also takes pictures (tests/look/pictures.py).
"""

from __future__ import annotations

import base64
import html
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.common.chart import frequency_chart
from adapters.slack.render.blocks import messages_of
from adapters.slack.render.evidence_modal import evidence_modal
from adapters.slack.render.home import home_blocks
from adapters.slack.render.modals import channel_modal, fix_modal, model_modal, sentry_modal
from core.domain.investigation import Status
from core.domain.tenancy import ChannelSettings
from core.domain.thread_view import ThreadView
from tests.adapters.chat.test_suspect_change import CHANGE
from tests.adapters.slack import samples

STYLE = Path(__file__).with_name("slack.css")
SIGNS = {"complete": "✓", "in_progress": "◌", "pending": "○", "error": "✕"}


def page() -> str:
    """One column of everything in the light theme, one in the dark."""
    column = "".join(
        [
            *(_message(view) for view in _views()),
            _chart(),
            _card("Home", _blocks(home_blocks(samples.HOME))),
            _card("Home, nothing connected", _blocks(home_blocks(samples.NEW_HOME))),
            *(_modal(view) for view in _modals()),
        ]
    )
    body = "".join(f'<main class="{theme}">{column}</main>' for theme in ("light", "dark"))
    return f"<!doctype html><meta charset=utf-8><style>{STYLE.read_text(encoding='utf-8')}</style>{body}"


def _views() -> Iterable[ThreadView]:
    failed = replace(samples.RUNNING, status=Status.FAILED, ended_at=samples.FINISHED.ended_at)
    report = samples.REPORT.report
    doubtful = replace(
        report,
        confidence=46,
        confidence_reasons=("-15 the code is minified, frames cannot be trusted", "+5 the issue was read (E1)"),
        partial=True,
        fixes=report.fixes[:1],
        findings=report.findings[:2],
        similar=(),
    )
    yield from (samples.QUEUED, samples.RUNNING, samples.FINISHED, failed, samples.RESOLVED)
    yield replace(samples.REPORT, report=doubtful, title="SHOP-13")
    yield replace(samples.REPORT, report=replace(report, change=CHANGE))
    yield from (samples.KNOWN, samples.ASKING, samples.ANSWER, samples.NOTICE, samples.ERROR)


def _modals() -> Iterable[Mapping[str, Any]]:
    yield evidence_modal(samples.REPORT, 1)
    yield evidence_modal(samples.REPORT, 3)
    yield sentry_modal("https://sentry.io", "acme", writes_allowed=True)
    yield model_modal(None, None)
    yield fix_modal("k3v9", "C07SHOP", None)
    yield channel_modal("C07SHOP", ChannelSettings(("shop", "shipping")))


def narrow_page(views: Iterable[ThreadView], width: int) -> str:
    """The messages alone, in the light theme, as wide as that."""
    column = "".join(map(_message, views))
    style = f"{STYLE.read_text(encoding='utf-8')} main {{ flex: 0 0 {width - 24}px; padding: 4px 12px; }}"
    return f"<!doctype html><meta charset=utf-8><style>{style}</style><main class=light>{column}</main>"


def _message(view: ThreadView) -> str:
    head = "<i class=face></i><div><b>LogSense</b> <small>APP 3:02 AM</small>"
    return "".join(f"<article>{head}{_blocks(message.blocks)}</div></article>" for message in messages_of(view))


def _chart() -> str:
    chart = frequency_chart(samples.REPORT.evidence)
    if chart is None:
        return ""
    picture = base64.b64encode(chart.png).decode()
    return f'<article><img alt="{html.escape(chart.alt_text)}" src="data:image/png;base64,{picture}"></article>'


def _modal(view: Mapping[str, Any]) -> str:
    submit = f"<button class=primary>{view['submit']['text']}</button>" if "submit" in view else ""
    return _card(view["title"]["text"], f"{_blocks(view['blocks'])}<p>{submit}</p>")


def _card(title: str, body: str) -> str:
    return f"<section class=card><h2>{html.escape(title)}</h2>{body}</section>"


def _blocks(blocks: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f'<div class="block {block["type"]}">{_block(block)}</div>' for block in blocks)


def _block(block: Mapping[str, Any]) -> str:
    match block["type"]:
        case "header":
            return f"<h3>{html.escape(block['text']['text'])}</h3>"
        case "section":
            side = _element(block["accessory"]) if "accessory" in block else ""
            return f"<div class=text>{_mrkdwn(block['text']['text'])}</div>{side}"
        case "context":
            return "".join(_mrkdwn(element["text"]) for element in block["elements"])
        case "actions" | "context_actions":
            return "".join(map(_element, block["elements"]))
        case "container":
            inside = _blocks(block["child_blocks"])
            is_open = "" if block["default_collapsed"] else " open"
            return f"<details{is_open}><summary>{html.escape(block['title']['text'])}</summary>{inside}</details>"
        case "plan":
            return f"<b>{html.escape(block['title'])}</b>{''.join(map(_task, block['tasks']))}"
        case "input":
            hint = f"<small>{html.escape(block['hint']['text'])}</small>" if "hint" in block else ""
            optional = " <small>(optional)</small>" if block["optional"] else ""
            return f"<b>{html.escape(block['label']['text'])}</b>{optional}{_element(block['element'])}{hint}"
        case _:
            return "<hr>"


def _task(task: Mapping[str, Any]) -> str:
    rows = "".join(f"<div class={key}>{_rich(task[key])}</div>" for key in ("details", "output") if key in task)
    sign = SIGNS[task["status"]]
    return f'<div class="task {task["status"]}"><i>{sign}</i><div>{html.escape(task["title"])}{rows}</div></div>'


def _rich(rich: Mapping[str, Any]) -> str:
    texts = (text for section in rich["elements"] for text in section["elements"])
    return "".join(
        f'<span class="{" ".join(text.get("style", {}))}">{html.escape(text["text"])}</span>' for text in texts
    )


def _element(element: Mapping[str, Any]) -> str:
    match element["type"]:
        case "button":
            return f'<button class="{element.get("style", "")}">{html.escape(element["text"]["text"])}</button>'
        case "overflow":
            return "<button>⋯</button>"
        case "feedback_buttons":
            return "<span class=thumbs>👍 👎</span>"
        case "checkboxes":
            sign = "☑" if element.get("initial_options") else "☐"
            return f"<p>{sign} {html.escape(element['options'][0]['text']['text'])}</p>"
        case _:
            return f"<input value='{html.escape(element.get('initial_value', ''))}'>"


def _mrkdwn(text: str) -> str:
    """Slack's markup as HTML; the text's own entities stay, so that an unescaped sign would be seen."""
    spans = re.split(r"(```.*?```|`[^`\n]+`)", text, flags=re.DOTALL)
    return "".join(_code(span) if index % 2 else _words(span) for index, span in enumerate(spans))


def _code(span: str) -> str:
    return f"<pre>{span[3:-3].strip(chr(10))}</pre>" if span.startswith("```") else f"<code>{span[1:-1]}</code>"


def _words(text: str) -> str:
    names = {"U07ADA": "@Ada", "U07GRACE": "@Grace", "C07SHOP": "#shop-alerts"}
    text = re.sub(r"<[@#](\w+)>", lambda found: f"<mark>{names[found[1]]}</mark>", text)
    text = re.sub(r"<(https?:[^|>]+)\|([^>]*)>", r'<a href="\1">\2</a>', text)
    text = re.sub(r"\*([^*\n]*)\*", r"<b>\1</b>", text)
    text = re.sub(r"(?<!\w)_([^_\n]+)_(?!\w)", r"<em>\1</em>", text)
    return text.replace("*", "").replace("\n", "<br>").replace("    ", "&emsp;&emsp;")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
