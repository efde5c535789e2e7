"""The forms in which admins connect Sentry and a model and decide about a channel and masking, and what they typed.

A reader returns the value, or the block ids with what is wrong there, as `response_action: errors` wants it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from adapters.common.connections import (
    MASKING_PURPOSE,
    PERSONAL_DATA,
    SENTRY_CLOUD,
    SLUG,
    Errors,
    Field,
    masked_chosen,
    model_typed,
    sentry_typed,
)
from adapters.common.lessons import MAX_FIX
from adapters.slack.inbound.ids import Callback
from adapters.slack.render.elements import plain_text, section, sections
from adapters.slack.render.evidence_modal import TITLE_LIMIT, evidence_modal
from adapters.slack.render.message import Block
from adapters.slack.render.mrkdwn import escaped, plain
from adapters.slack.render.wording import place
from core.domain.tenancy import ChannelSettings, ModelConnection, PersonalData, SentryConnection

__all__ = [
    "channel_modal",
    "evidence_modal",
    "fix_modal",
    "masking_modal",
    "model_modal",
    "notice_modal",
    "read_channel",
    "read_fix",
    "read_masking",
    "read_model",
    "read_sentry",
    "sentry_modal",
]

FIELD = "field"
"""The action id of every input; its block id says which it is."""
CHANNEL_PROJECTS = "channel_projects"
CHANNEL_SHARED = "channel_shared"
FIX = "fix"

Values = Mapping[str, Mapping[str, Mapping[str, Any]]]

_YES = "yes"
_LABEL = 2_000
_INITIAL = 3_000
_PROJECTS = 20
_SECRET = (
    "Kept encrypted, and shown to nobody once saved. Slack cannot hide what you type: mind who looks at your screen."
)
_KEEP = "Leave it empty to keep the one that is saved."


def sentry_modal(base_url: str | None, organization: str | None, *, writes_allowed: bool = False) -> Block:
    """The form for Sentry, with what is connected now; a token is never filled in."""
    known = base_url is not None and organization is not None
    scopes = "An organization token with event:read, project:read and org:read; event:write only to resolve from here."
    return _form(
        Callback.SENTRY,
        "Connect Sentry",
        [
            section("LogSense reads issues and events. It changes nothing in Sentry unless a person asks for it here."),
            _text(
                Field.SENTRY_URL,
                "Address of your Sentry",
                base_url or SENTRY_CLOUD,
                hint="https://sentry.io, or yours.",
            ),
            _text(Field.SENTRY_ORGANIZATION, "Organization slug", organization or "", hint="As in its address: acme"),
            _text(
                Field.SENTRY_TOKEN,
                "Token",
                "",
                hint=f"{scopes} {_SECRET}{f' {_KEEP}' if known else ''}",
                optional=known,
            ),
            _tick(
                Field.SENTRY_WRITES,
                "Resolving",
                "People may resolve and reopen Sentry issues from Slack",
                writes_allowed,
            ),
        ],
    )


def read_sentry(values: Values) -> SentryConnection | Errors:
    """What was typed; an empty token means the saved one."""
    return sentry_typed(
        _typed(values, Field.SENTRY_URL),
        _typed(values, Field.SENTRY_ORGANIZATION),
        _typed(values, Field.SENTRY_TOKEN),
        writes_allowed=_ticked(values, Field.SENTRY_WRITES),
    )


def model_modal(base_url: str | None, model: str | None) -> Block:
    """The form for the language model; `model` None means that none is connected. A key is never filled in."""
    known = model is not None
    key_hint = "A server of your own that wants no key takes any word."
    return _form(
        Callback.MODEL,
        "Connect a model",
        [
            section("Any server that speaks the OpenAI chat completions API. Without one, rules investigate."),
            _text(Field.MODEL_NAME, "Model", model or "", hint="For example gpt-5-mini"),
            _text(Field.MODEL_URL, "Address", base_url or "", hint="Empty for OpenAI itself.", optional=True),
            _text(
                Field.MODEL_KEY, "Key", "", hint=f"{key_hint} {_SECRET}{f' {_KEEP}' if known else ''}", optional=known
            ),
        ],
    )


def read_model(values: Values) -> ModelConnection | Errors:
    """What was typed; an empty key means the saved one, an empty address OpenAI."""
    return model_typed(
        _typed(values, Field.MODEL_URL), _typed(values, Field.MODEL_NAME), _typed(values, Field.MODEL_KEY)
    )


def channel_modal(channel: str, settings: ChannelSettings) -> Block:
    """The form for one channel, whose id is in the private metadata as `{"channel": …}`."""
    form = _form(
        Callback.CHANNEL,
        "Channel settings",
        [
            section(f"What LogSense does in {place(channel) or 'this channel'}."),
            _text(
                CHANNEL_PROJECTS,
                "Sentry projects",
                ", ".join(settings.projects),
                hint="Slugs, divided by commas: incidents listed here are of these. Empty for all.",
                optional=True,
            ),
            _tick(
                CHANNEL_SHARED,
                "Shared with other organizations",
                "Allow investigations here even when people outside can read them",
                settings.shared_is_allowed,
            ),
        ],
    )
    return form | {"private_metadata": json.dumps({"channel": channel})}


def read_channel(values: Values) -> ChannelSettings | Errors:
    """What was decided."""
    projects = tuple(dict.fromkeys(re.findall(r"[^\s,]+", _typed(values, CHANNEL_PROJECTS).lower())))
    wrong = next((slug for slug in projects if not SLUG.fullmatch(slug)), None)
    if wrong is not None:
        return {CHANNEL_PROJECTS: f"“{plain(wrong)[:60]}” is no project slug: letters, digits, dashes, underscores."}
    if len(projects) > _PROJECTS:
        return {CHANNEL_PROJECTS: f"At most {_PROJECTS} projects."}
    return ChannelSettings(projects, _ticked(values, CHANNEL_SHARED))


def masking_modal(masked: frozenset[PersonalData]) -> Block:
    """The form that says which personal data is masked."""
    options = {kind: {"text": plain_text(name, 75), "value": kind.value} for kind, name in PERSONAL_DATA.items()}
    chosen = [option for kind, option in options.items() if kind in masked]
    element: Block = {"type": "checkboxes", "action_id": FIELD, "options": list(options.values())}
    element |= {"initial_options": chosen} if chosen else {}
    return _form(
        Callback.MASKING,
        "Masking",
        [section(MASKING_PURPOSE), _input(Field.MASKED, "Personal data to mask", element, optional=True)],
    )


def read_masking(values: Values) -> frozenset[PersonalData]:
    """Return the kinds that were ticked."""
    return masked_chosen(_all_ticked(values, Field.MASKED))


def fix_modal(investigation_id: str, channel: str, thread: str | None) -> Block:
    """What fixed it, in the person's words; where they were asked is in the private metadata."""
    form = _form(
        Callback.FIX,
        "What fixed it?",
        [
            _text(FIX, "What fixed it", "", hint="It is shown, in these words, when the like happens again.")
            | {"element": {"type": "plain_text_input", "action_id": FIELD, "multiline": True, "max_length": MAX_FIX}}
        ],
    )
    where = {"investigation": investigation_id, "channel": channel, "thread": thread}
    return form | {"private_metadata": json.dumps(where)}


def read_fix(values: Values) -> str:
    """What was typed; Slack lets nobody send it empty."""
    return plain(_typed(values, FIX))


def notice_modal(title: str, text: str) -> Block:
    """A sentence to read and close."""
    return {
        "type": "modal",
        "title": plain_text(title, TITLE_LIMIT),
        "close": plain_text("Close", TITLE_LIMIT),
        "blocks": list(sections(escaped(text).strip() or "There is nothing to say.")),
    }


# ---- inputs ---------------------------------------------------------------------------------------------------------


def _form(callback: Callback, title: str, blocks: Iterable[Block]) -> Block:
    return {
        "type": "modal",
        "callback_id": str(callback),
        "title": plain_text(title, TITLE_LIMIT),
        "submit": plain_text("Save", TITLE_LIMIT),
        "close": plain_text("Cancel", TITLE_LIMIT),
        "blocks": list(blocks),
    }


def _text(block_id: str, label: str, initial: str, *, hint: str, optional: bool = False) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": FIELD}
    if initial:
        element["initial_value"] = initial[:_INITIAL]
    return _input(block_id, label, element, optional=optional) | {"hint": plain_text(hint, _LABEL)}


def _tick(block_id: str, label: str, what: str, ticked: bool) -> Block:
    option = {"text": plain_text(what, 75), "value": _YES}
    element: Block = {"type": "checkboxes", "action_id": FIELD, "options": [option]}
    return _input(block_id, label, element | ({"initial_options": [option]} if ticked else {}), optional=True)


def _input(block_id: str, label: str, element: Block, *, optional: bool) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label, _LABEL),
        "element": element,
        "optional": optional,
    }


def _typed(values: Values, block_id: str) -> str:
    return str(values.get(block_id, {}).get(FIELD, {}).get("value") or "").strip()


def _ticked(values: Values, block_id: str) -> bool:
    return _YES in _all_ticked(values, block_id)


def _all_ticked(values: Values, block_id: str) -> list[str]:
    options = values.get(block_id, {}).get(FIELD, {}).get("selected_options") or []
    return [str(option.get("value")) for option in options]
