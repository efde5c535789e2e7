"""Forms say what they need, never show a secret again, and read back what was typed; evidence is complete."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.common.connections import Field
from adapters.slack.inbound.ids import Action, Callback
from adapters.slack.render import modals
from adapters.slack.render.modals import (
    channel_modal,
    evidence_modal,
    masking_modal,
    model_modal,
    notice_modal,
    read_channel,
    read_masking,
    read_model,
    read_sentry,
    sentry_modal,
)
from core.domain.tenancy import ChannelSettings, ModelConnection, PersonalData, SentryConnection
from core.domain.thread_view import ReportView
from tests.adapters.slack.block_rules import assert_view, outline, texts_in
from tests.adapters.slack.samples import LONG, REPORT, SHORT, report_views
from tests.adapters.slack.test_blocks import SLOW_TO_MAKE

URL, SLUG, TOKEN = Field.SENTRY_URL, Field.SENTRY_ORGANIZATION, Field.SENTRY_TOKEN


def typed(**fields: Any) -> dict[str, Any]:
    """The state of a modal, as Slack sends it."""
    return {
        block_id: {modals.FIELD: {"selected_options": [{"value": "yes"}] if value else []}}
        if isinstance(value, bool)
        else {modals.FIELD: {"value": value}}
        for block_id, value in fields.items()
    }


def block_of(view: dict[str, Any], block_id: str) -> dict[str, Any]:
    return next(block for block in view["blocks"] if block.get("block_id") == block_id)


# ---- forms


@given(st.frozensets(st.sampled_from(PersonalData)))
def test_the_form_of_masking_is_read_back_as_it_was_filled(kinds: frozenset[PersonalData]) -> None:
    element = block_of(masking_modal(kinds), Field.MASKED)["element"]
    options = element.get("initial_options", [])
    assert read_masking({Field.MASKED: {modals.FIELD: {"selected_options": options}}}) == kinds
    stray = [{"value": "surname"}, *options]
    assert read_masking({Field.MASKED: {modals.FIELD: {"selected_options": stray}}}) == kinds


@given(SHORT, SHORT)
def test_slack_takes_the_forms_whatever_was_saved(one: str, other: str) -> None:
    for view in (
        sentry_modal(one, other, writes_allowed=True),
        model_modal(one, other),
        channel_modal("C1", ChannelSettings((one, other))),
        masking_modal(frozenset(PersonalData)),
        masking_modal(frozenset()),
    ):
        assert_view(view)
        assert view["submit"]


@given(LONG, LONG)
def test_slack_takes_notices(title: str, text: str) -> None:
    assert_view(notice_modal(title, text))


def test_a_saved_token_is_not_shown_and_may_stay() -> None:
    view = sentry_modal("https://sentry.io", "acme", writes_allowed=True)
    token = block_of(view, TOKEN)
    assert "initial_value" not in token["element"]
    assert token["optional"]
    assert "Leave it empty to keep the one that is saved." in token["hint"]["text"]
    assert block_of(view, Field.SENTRY_WRITES)["element"]["initial_options"]


def test_the_first_connection_needs_a_token_and_says_which() -> None:
    token = block_of(sentry_modal(None, None), TOKEN)
    assert not token["optional"]
    for word in ("event:read, project:read and org:read", "event:write only to resolve", "encrypted", "nobody"):
        assert word in token["hint"]["text"]
    assert block_of(sentry_modal(None, None), URL)["element"]["initial_value"] == "https://sentry.io"
    assert not block_of(model_modal(None, None), Field.MODEL_KEY)["optional"]


def test_what_was_typed_is_read_back() -> None:
    fields: dict[str, Any] = {URL: " https://sentry.acme.example/ ", SLUG: "Acme", TOKEN: " sntrys_x "}
    expected = SentryConnection("https://sentry.acme.example", "acme", "sntrys_x", writes_allowed=True)
    assert read_sentry(typed(**fields | {Field.SENTRY_WRITES: True})) == expected
    empty = read_sentry(typed(**{URL: "https://sentry.io", SLUG: "acme", TOKEN: None, Field.SENTRY_WRITES: False}))
    assert empty == SentryConnection("https://sentry.io", "acme", "", writes_allowed=False)
    model = typed(**{Field.MODEL_NAME: "gpt-5-mini", Field.MODEL_URL: None, Field.MODEL_KEY: "sk-1"})
    assert read_model(model) == ModelConnection("sk-1", None, "gpt-5-mini")
    channel = typed(**{modals.CHANNEL_PROJECTS: "shop, Shipping shop", modals.CHANNEL_SHARED: True})
    assert read_channel(channel) == ChannelSettings(("shop", "shipping"), True)
    assert read_channel({}) == ChannelSettings()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (URL, "sentry.io"),
        (URL, "ftp://sentry.io"),
        (URL, "https://me:secret@sentry.io"),
        (URL, "https://"),
        (URL, "https://[x"),
        (URL, "https://a b"),
        (URL, ""),
        (SLUG, ""),
        (SLUG, "Acme Inc."),
        (SLUG, "../x"),
        (TOKEN, "two words"),
        (TOKEN, "tok\u200ben"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(field: str, value: str) -> None:
    fields: dict[str, Any] = {URL: "https://sentry.io", SLUG: "acme", TOKEN: "t", field: value}
    errors = read_sentry(typed(**fields))
    assert isinstance(errors, dict)
    assert list(errors) == [field]
    assert field != TOKEN or value not in errors[field]


def test_models_and_projects_are_checked_too() -> None:
    errors = read_model(typed(**{Field.MODEL_URL: "nowhere"}))
    assert isinstance(errors, dict)
    assert list(errors) == [Field.MODEL_URL, Field.MODEL_NAME]
    wrong = read_channel(typed(**{modals.CHANNEL_PROJECTS: "shop, a/b"}))
    assert wrong == {modals.CHANNEL_PROJECTS: "“a/b” is no project slug: letters, digits, dashes, underscores."}
    many = " ".join(f"p{n}" for n in range(21))
    assert read_channel(typed(**{modals.CHANNEL_PROJECTS: many})) == {modals.CHANNEL_PROJECTS: "At most 20 projects."}


def test_a_channel_form_remembers_its_channel() -> None:
    assert json.loads(channel_modal("C1X", ChannelSettings())["private_metadata"]) == {"channel": "C1X"}


# ---- evidence


def pages_of(view: ReportView) -> list[dict[str, Any]]:
    pages = [evidence_modal(view, 1)]
    while any("Next" in text for _, text in texts_in(pages[-1]["blocks"][-1])):
        pages.append(evidence_modal(view, len(pages) + 1))
    return pages


@SLOW_TO_MAKE
@given(report_views)
def test_all_pages_together_show_every_output(view: ReportView) -> None:
    pages = pages_of(view)
    for page in pages:
        assert_view(page)
    blocks = [text for page in pages for _, text in texts_in(page["blocks"]) if text.startswith("```")]
    shown = re.sub(r"\s", "", html.unescape("".join(block[4:-4] for block in blocks)))
    for evidence in view.evidence:
        for word in re.findall(r"[a-zA-Z]{4,40}", evidence.text):
            assert word in shown


def test_an_output_too_long_for_one_page_goes_on_with_the_next() -> None:
    text = "\n".join(f"line {number} <of> many" for number in range(1_500))
    view = replace(REPORT, evidence=(replace(REPORT.evidence[0], text=text),))
    pages = pages_of(view)
    blocks = [shown for page in pages for _, shown in texts_in(page["blocks"]) if shown.startswith("```")]
    assert len(pages) >= 4
    assert html.unescape("\n".join(block[4:-4] for block in blocks)) == text


def test_pages_lead_to_each_other() -> None:
    pages = pages_of(REPORT)
    assert len(pages) == 1 + len(REPORT.evidence)
    second = pages[1]
    assert second["callback_id"] == Callback.EVIDENCE
    assert json.loads(second["private_metadata"]) == {"investigation": "k3v9", "page": 2}
    buttons = {element["action_id"]: element["value"] for element in second["blocks"][-1]["elements"]}
    assert buttons == {f"{Action.EVIDENCE_PAGE}:previous": "k3v9:1", f"{Action.EVIDENCE_PAGE}:next": "k3v9:3"}
    assert outline(second["blocks"]).startswith("*E1 · Read the issue*\nget_sentry_issue_details(issue_id=SHOP-1)\n```")


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (-3, 1), (99, 6)])
def test_a_page_that_is_not_there_gives_the_nearest(asked: int, given: int) -> None:
    assert json.loads(evidence_modal(REPORT, asked)["private_metadata"])["page"] == given


def test_no_evidence_is_said_so() -> None:
    nothing = replace(REPORT, evidence=(), report=replace(REPORT.report, confidence_reasons=()))
    assert outline(evidence_modal(nothing, 1)["blocks"]) == "No tool was called, so there is no evidence."
