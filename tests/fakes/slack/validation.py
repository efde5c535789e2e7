"""What Slack accepts beside blocks: texts, metadata, views; and the error it answers with where it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.fakes.slack.blocks import complaints_about
from tests.fakes.slack.state import Json

MOST_POSTED, MOST_UPDATED = 40_000, 4_000
_VIEW_FIELD_NAMES = (
    "type title submit close blocks callback_id private_metadata external_id clear_on_close notify_on_close "
    "submit_disabled"
)
_VIEW_FIELDS = frozenset(_VIEW_FIELD_NAMES.split())


class SlackError(Exception):
    """The call fails with this code; `messages` explain it, `extra` joins the answer."""

    def __init__(self, code: str, *messages: str, status: int = 200, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.messages = messages
        self.status = status
        self.extra = extra

    def body(self) -> Json:
        """The answer as Slack words it."""
        body: Json = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            body["response_metadata"] = {"messages": [f"[ERROR] {each}" for each in self.messages]}
        return body


def checked_message(args: Mapping[str, Any], *, most_text: int) -> None:
    """The message may be shown; raises SlackError."""
    text = args.get("text") or ""
    if args.get("markdown_text") and (text or args.get("blocks")):
        raise SlackError("markdown_text_conflict")
    if not text and not any(args.get(name) for name in ("blocks", "attachments", "markdown_text")):
        raise SlackError("no_text")
    if len(text) > most_text or len(args.get("markdown_text") or "") > 12_000:
        raise SlackError("msg_too_long", f"The `text` field cannot exceed {most_text:,} characters")
    if args.get("blocks"):
        checked_blocks(args["blocks"])
    if args.get("metadata"):
        _checked_metadata(args["metadata"])


def checked_blocks(blocks: Any) -> None:
    """The blocks may stand in a message; raises SlackError."""
    if isinstance(blocks, str):
        raise SlackError("invalid_blocks_format")
    if complaints := complaints_about(blocks):
        raise SlackError("invalid_blocks", *complaints, errors=complaints)


def _checked_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    event_type, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(event_type, str) or not re.fullmatch(r"[\w.-]{1,255}", event_type):
        raise SlackError("invalid_metadata_schema", "event_type must be a name")
    if not isinstance(payload, dict) or set(metadata) - {"event_type", "event_payload", "entities"}:
        raise SlackError("invalid_metadata_schema", "event_payload must be an object, and nothing else is allowed")


def checked_view(view: Any, *, kinds: tuple[str, ...] = ("modal",)) -> Json:
    """The view may be opened or published; raises SlackError."""
    if not isinstance(view, dict) or view.get("type") not in kinds:
        raise SlackError("invalid_arguments", "failed to match all allowed schemas [json-pointer:/view]")
    complaints = complaints_about(view.get("blocks"), most=100, in_view=True)
    complaints += [
        f"no more fields allowed: {name} [json-pointer:/view/{name}]" for name in sorted(set(view) - _VIEW_FIELDS)
    ]
    complaints += _view_texts(view)
    if complaints:
        raise SlackError("invalid_arguments", *complaints)
    return view


def _view_texts(view: Json) -> list[str]:
    found = []
    for name in ("title", "submit", "close"):
        text = (view.get(name) or {}).get("text")
        if name in view and (not isinstance(text, str) or not 1 <= len(text) <= 24):
            found.append(f"must be less than 25 characters [json-pointer:/view/{name}/text]")
    if view["type"] == "modal":
        if "title" not in view:
            found.append("missing required field: title [json-pointer:/view]")
        has_input = any(isinstance(each, dict) and each.get("type") == "input" for each in view.get("blocks") or ())
        if has_input and "submit" not in view:
            found.append("`submit` is required when an `input` block is in the view [json-pointer:/view]")
    if len(view.get("private_metadata") or "") > 3_000:
        found.append("must be less than 3001 characters [json-pointer:/view/private_metadata]")
    if len(view.get("callback_id") or "") > 255:
        found.append("must be less than 256 characters [json-pointer:/view/callback_id]")
    return found
