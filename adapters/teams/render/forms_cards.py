"""The forms in which admins connect Sentry and a model and decide what is masked, and what they typed, read back.

A reader returns the value, or what is wrong in which field. Secrets are never filled in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.common.connections import (
    MASKING_PURPOSE,
    PERSONAL_DATA,
    SENTRY_CLOUD,
    Errors,
    Field,
    masked_chosen,
    masked_saved,
    model_typed,
    sentry_typed,
)
from adapters.common.text_limits import cut, one_line
from adapters.teams.inbound.ids import Action
from adapters.teams.render.card import Card, card
from adapters.teams.render.elements import Element, button, own, rich
from adapters.teams.render.text import run
from core.domain.tenancy import ModelConnection, PersonalData, SentryConnection

_TYPED = 1_000
_YES = "true"
_SECRET = "It is kept encrypted, and shown to nobody once saved."
_KEEP = "Leave it empty to keep the one that is saved."
_SCOPES = "An organization token with event:read, project:read and org:read; event:write only to resolve from here."


def sentry_card(current: SentryConnection | None, problems: Errors | str = "") -> Card:
    """The form for Sentry with what is connected now, or what was typed and is wrong."""
    kept = current is not None
    return _form(
        "Connect Sentry",
        "LogSense reads issues and events. It changes nothing in Sentry unless a person asks for it here.",
        problems,
        [
            _text(
                Field.SENTRY_URL,
                "Address of your Sentry",
                current.base_url if current else SENTRY_CLOUD,
                needed="Sentry's address, please: https://sentry.io, or yours.",
            ),
            _text(
                Field.SENTRY_ORGANIZATION,
                "Organization slug, as in its address",
                current.organization_slug if current else "",
                needed="The organization's slug, please.",
            ),
            *_secret(Field.SENTRY_TOKEN, "Token", _SCOPES, kept=kept),
            {
                "type": "Input.Toggle",
                "id": str(Field.SENTRY_WRITES),
                "title": "People may resolve and reopen Sentry issues from Teams",
                "value": _YES if current and current.writes_allowed else "false",
                "valueOn": _YES,
                "valueOff": "false",
            },
        ],
        Action.SAVE_SENTRY,
    )


def read_sentry(inputs: Mapping[str, Any]) -> SentryConnection | Errors:
    """What was typed; an empty token means the saved one."""
    return sentry_typed(
        _typed(inputs, Field.SENTRY_URL),
        _typed(inputs, Field.SENTRY_ORGANIZATION),
        _typed(inputs, Field.SENTRY_TOKEN),
        writes_allowed=_typed(inputs, Field.SENTRY_WRITES) == _YES,
    )


def typed_sentry(inputs: Mapping[str, Any]) -> SentryConnection:
    """What was typed as it is, right or wrong, to fill the form again; without the secret."""
    url, slug = _typed(inputs, Field.SENTRY_URL), _typed(inputs, Field.SENTRY_ORGANIZATION)
    return SentryConnection(url, slug, "", writes_allowed=_typed(inputs, Field.SENTRY_WRITES) == _YES)


def model_card(current: ModelConnection | None, problems: Errors | str = "") -> Card:
    """The form for the language model, in the same way."""
    return _form(
        "Connect a model",
        "Any server that speaks the OpenAI chat completions API. Without one, rules investigate.",
        problems,
        [
            _text(
                Field.MODEL_NAME,
                "Model, for example gpt-5-mini",
                current.model if current else "",
                needed="The model's name, please, as its server calls it.",
            ),
            _text(Field.MODEL_URL, "Address; empty for OpenAI itself", (current and current.base_url) or ""),
            *_secret(
                Field.MODEL_KEY,
                "Key",
                "A server of your own that wants no key takes any word.",
                kept=current is not None,
            ),
        ],
        Action.SAVE_MODEL,
    )


def read_model(inputs: Mapping[str, Any]) -> ModelConnection | Errors:
    """What was typed; an empty key means the saved one, an empty address OpenAI."""
    return model_typed(
        _typed(inputs, Field.MODEL_URL), _typed(inputs, Field.MODEL_NAME), _typed(inputs, Field.MODEL_KEY)
    )


def typed_model(inputs: Mapping[str, Any]) -> ModelConnection:
    """The same for a model."""
    return ModelConnection("", _typed(inputs, Field.MODEL_URL) or None, _typed(inputs, Field.MODEL_NAME))


def masking_card(masked: frozenset[PersonalData], problem: str = "") -> Card:
    """The form that says which personal data is masked, with what is masked now or what was chosen."""
    choices = [{"title": name, "value": kind.value} for kind, name in PERSONAL_DATA.items()]
    chosen = ",".join(kind.value for kind in PERSONAL_DATA if kind in masked)
    kinds: Element = {
        "type": "Input.ChoiceSet",
        "id": str(Field.MASKED),
        "label": "Personal data to mask",
        "isMultiSelect": True,
        "style": "expanded",
        "choices": choices,
        "value": chosen,
    }
    return _form("Masking", MASKING_PURPOSE, problem, [kinds], Action.SAVE_MASKING)


def read_masking(inputs: Mapping[str, Any]) -> frozenset[PersonalData]:
    """Return the kinds that were chosen."""
    return masked_chosen(_typed(inputs, Field.MASKED).split(","))


def masking_saved_card(masked: frozenset[PersonalData]) -> Card:
    """What stands in the form's place once masking was decided."""
    return card([_saved(masked_saved(masked))])


def _saved(said: str) -> Element:
    return rich(run(f"✅ {cut(one_line(said), _TYPED)}"))


def saved_card(said: str) -> Card:
    """What stands in the form's place once it was saved."""
    return card([_saved(said), own("The secret is no longer in this chat.", isSubtle=True, size="Small")])


# ---- inputs ---------------------------------------------------------------------------------------------------------


def _form(title: str, purpose: str, problems: Errors | str, inputs: list[Element], save: Action) -> Card:
    body = [own(f"**{title}**", size="Large"), own(purpose, spacing="None"), *_wrong(problems), *inputs]
    return card(body, [button("Save", save, "", "positive")])


def _wrong(problems: Errors | str) -> Iterator[Element]:
    said = [problems] if isinstance(problems, str) else list(problems.values())
    lines = [cut(one_line(problem), _TYPED) for problem in said if problem]
    if lines:
        yield rich(run("Nothing was saved. ", bold=True), run(" ".join(lines)), spacing="Medium")


def _text(field: Field, label: str, value: str, *, needed: str = "") -> Element:
    made: Element = {"type": "Input.Text", "id": str(field), "label": label, "maxLength": _TYPED}
    if value:
        made["value"] = cut(one_line(value), _TYPED)
    return made | ({"isRequired": True, "errorMessage": needed} if needed else {})


def _secret(field: Field, label: str, hint: str, *, kept: bool) -> Iterator[Element]:
    made = _text(field, label, "", needed="" if kept else f"The {label.lower()}, please.") | {"style": "Password"}
    yield made
    words = f"{hint} {_SECRET}{f' {_KEEP}' if kept else ''}"
    yield own(words, isSubtle=True, size="Small", spacing="None")


def _typed(inputs: Mapping[str, Any], field: Field) -> str:
    value = inputs.get(field)
    return value.strip() if isinstance(value, str) else ""
