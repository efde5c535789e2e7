"""Evidence in pages, lists, forms and greetings are cards that Teams takes, and are read back as typed."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.common.connections import Field
from adapters.common.text_limits import size
from adapters.teams.inbound.commands import WORDS, parse_command
from adapters.teams.inbound.ids import Action
from adapters.teams.render.evidence_card import evidence_card, page_named
from adapters.teams.render.forms_cards import (
    masking_card,
    model_card,
    read_masking,
    read_model,
    read_sentry,
    saved_card,
    sentry_card,
)
from adapters.teams.render.greeting_cards import Place, help_card, welcome_card
from adapters.teams.render.listing import incidents_card, status_card
from adapters.teams.render.post_mortem import post_mortem_messages
from core.domain.home_view import HomeView, Incidents
from core.domain.report import Evidence
from core.domain.tenancy import ModelConnection, PersonalData, SentryConnection
from core.domain.thread_view import ReportView
from tests.adapters.slack.samples import HOME, INCIDENT_ROWS, LONG, REPORT, RESOLVED, home_views, report_views
from tests.adapters.teams.card_rules import assert_card, buttons_of, of_type, outline

SLOW_TO_MAKE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
SENTRY = SentryConnection("https://sentry.io", "acme", "", writes_allowed=True)

# ---- evidence


def pages(view: ReportView) -> list[Any]:
    found = re.search(r"Page 1 of (\d+)", outline(evidence_card(view, 1)))
    assert found
    return [evidence_card(view, page) for page in range(1, int(found[1]) + 1)]


@SLOW_TO_MAKE
@given(report_views)
def test_every_page_is_taken_and_all_pages_together_hold_all(view: ReportView) -> None:
    made = pages(view)
    for card in made:
        assert_card(card)
    told = "".join(run["text"] for card in made for run in of_type(card, "TextRun"))
    for whole in (*view.report.confidence_reasons, *(item.text for item in view.evidence)):
        for word in re.findall(r"[a-zA-Z]{4,40}", whole)[-3:]:
            assert word in told


def test_pages_lead_to_each_other_and_back() -> None:
    first, second, *_, last = pages(REPORT)
    assert [press["title"] for press in first["actions"]] == ["Next", "Back to the report"]
    assert [press["data"]["value"] for press in second["actions"]] == ["k3v9:1", "k3v9:3", "k3v9"]
    assert [press["title"] for press in last["actions"]] == ["Previous", "Back to the report"]
    assert evidence_card(REPORT, 99) == last
    assert evidence_card(REPORT, -1) == first


def test_the_first_page_says_how_the_confidence_came_about() -> None:
    assert "How 94 % confidence came about" in outline(evidence_card(REPORT, 1))


def test_evidence_that_is_long_takes_several_pages_and_keeps_its_heading() -> None:
    item = Evidence("E1", "get_stacktrace", {"issue_id": "SHOP-1"}, "\n".join(f"line {n}" for n in range(3_000)), False)
    made = pages(replace(REPORT, evidence=(item,)))
    told = "\n".join(outline(card) for card in made)
    assert [int(number) for number in re.findall(r"^emphasis: line (\d+)$", told, re.MULTILINE)] == list(range(3_000))
    assert told.count("E1 · Read the stack trace  ⚠ unavailable") == len(made) - 1 > 1


def test_no_evidence_is_said() -> None:
    report = replace(REPORT.report, confidence_reasons=())
    assert "No tool was called" in outline(evidence_card(replace(REPORT, evidence=(), report=report), 1))


@pytest.mark.parametrize(
    ("value", "page"), [("k3v9:2", 2), ("k3v9", 1), ("k3v9:", 1), ("k3v9:x", 1), ("k3v9:²", 1), ("k3v9:-1", 1)]
)
def test_a_page_is_read_from_a_button(value: str, page: int) -> None:
    assert page_named(value) == ("k3v9", page)


# ---- lists


@SLOW_TO_MAKE
@given(home_views)
def test_whatever_is_listed_teams_takes_it(view: HomeView) -> None:
    for card in (incidents_card(view.incidents), status_card(view.running), status_card(view.finished)):
        assert_card(card)


def test_each_incident_can_be_investigated() -> None:
    card = incidents_card(Incidents(INCIDENT_ROWS), "is:unresolved")
    assert outline(card).split("\n") == [
        "**Incidents**",
        "is:unresolved",
        "SHOP-1  KeyError: 'unit_price' / POST /checkout · 127 events · 83 users · last seen 2026-11-23 10:18 UTC"
        " | [Investigate]",
        "SHOP-2  PoolTimeout: pool exhausted: 5 of 5 connections in use / 167 events | [Investigate]",
    ]
    pressed = [press["data"]["value"] for press in of_type(card, "Action.Execute")]
    assert pressed == ["SHOP-1", "SHOP-2"]


@pytest.mark.parametrize(
    ("incidents", "query", "said"),
    [
        (Incidents(), "", "No unresolved incidents."),
        (Incidents(), "checkout", "Nothing matches."),
        (Incidents(problem="Sentry is down."), "", "They could not be read: Sentry is down."),
        (Incidents(INCIDENT_ROWS * 6), "", "and 2 more"),
    ],
)
def test_what_a_list_lacks_is_said(incidents: Incidents, query: str, said: str) -> None:
    assert said in outline(incidents_card(incidents, query))


def test_what_is_under_way_can_be_stopped() -> None:
    card = status_card(HOME.running)
    assert "SHOP-2 / under way · asked by Ada · k3v9 | [Stop]" in outline(card)
    assert buttons_of(card) == {Action.STOP: "k3v9"}
    assert "Nothing is being investigated." in outline(status_card(()))


# ---- forms


def test_a_form_shows_what_is_connected_and_never_the_secret() -> None:
    card = sentry_card(replace(SENTRY, token="s3cret"))
    assert_card(card)
    assert "s3cret" not in str(card)
    told = outline(card)
    assert "Address of your Sentry: [https://sentry.io]" in told
    assert "[x] People may resolve and reopen Sentry issues from Teams" in told
    assert "Leave it empty to keep the one that is saved." in told
    (secret,) = (field for field in of_type(card, "Input.Text") if field["id"] == Field.SENTRY_TOKEN)
    assert secret["style"] == "Password"
    assert "isRequired" not in secret


@given(st.frozensets(st.sampled_from(PersonalData)))
def test_the_form_of_masking_is_read_back_as_it_was_filled(kinds: frozenset[PersonalData]) -> None:
    card = masking_card(kinds)
    assert_card(card)
    assert outline(card).count("[x]") == len(kinds)
    assert read_masking({Field.MASKED: ",".join([*kinds, "surname"])}) == kinds
    assert read_masking({}) == read_masking({Field.MASKED: 7}) == frozenset()


def test_a_new_connection_needs_its_secret() -> None:
    for card in (sentry_card(None), model_card(None)):
        assert_card(card)
        (secret,) = (field for field in of_type(card, "Input.Text") if field.get("style") == "Password")
        assert secret["isRequired"]


@SLOW_TO_MAKE
@given(LONG, LONG)
def test_what_was_typed_and_is_wrong_is_shown_again_harmlessly(typed: str, problem: str) -> None:
    assert_card(sentry_card(SentryConnection(typed, typed, ""), problem))
    assert_card(model_card(ModelConnection("", typed, typed), {Field.MODEL_NAME: problem}))
    assert_card(saved_card(problem))


def test_what_is_wrong_is_told_in_the_form() -> None:
    told = outline(sentry_card(SENTRY, {Field.SENTRY_TOKEN: "It has no blanks."}))
    assert "Nothing was saved. It has no blanks." in told


def sentry_inputs(**changes: object) -> dict[str, Any]:
    typed: dict[str, object] = {
        "sentry_url": " https://sentry.io/ ",
        "sentry_organization": "Acme",
        "sentry_token": "sntrys_1",
        "sentry_writes": "true",
    }
    return {**typed, **changes}


def test_what_was_typed_is_read_back() -> None:
    assert read_sentry(sentry_inputs()) == SentryConnection(
        "https://sentry.io", "acme", "sntrys_1", writes_allowed=True
    )
    assert read_sentry(sentry_inputs(sentry_writes="false", sentry_token="")) == SentryConnection(
        "https://sentry.io", "acme", ""
    )
    model = {"model_name": "gpt-5-mini", "model_key": "sk-1"}
    assert read_model(model) == ModelConnection("sk-1", None, "gpt-5-mini")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sentry_url": "sentry.io"}, Field.SENTRY_URL),
        ({"sentry_url": "https://ada:pw@sentry.io"}, Field.SENTRY_URL),
        ({"sentry_url": "https://[broken"}, Field.SENTRY_URL),
        ({"sentry_organization": "a/b"}, Field.SENTRY_ORGANIZATION),
        ({"sentry_organization": None}, Field.SENTRY_ORGANIZATION),
        ({"sentry_token": "two words"}, Field.SENTRY_TOKEN),
    ],
)
def test_what_is_wrong_is_found_before_anything_is_tried(changes: dict[str, object], field: Field) -> None:
    found = read_sentry(sentry_inputs(**changes))
    assert not isinstance(found, SentryConnection)
    assert list(found) == [field]


@pytest.mark.parametrize("model", [{"model_name": ""}, {"model_name": "two words"}])
def test_a_model_has_one_name(model: dict[str, str]) -> None:
    found = read_model({"model_key": "k", **model})
    assert not isinstance(found, ModelConnection)
    assert list(found) == [Field.MODEL_NAME]


@given(st.dictionaries(st.sampled_from([str(field) for field in Field]), st.text() | st.none() | st.integers()))
def test_no_input_makes_anything_raise(inputs: dict[str, object]) -> None:
    read_sentry(inputs)
    read_model(inputs)


# ---- greetings


def test_help_names_every_command_with_an_example_that_works() -> None:
    card = help_card()
    assert_card(card)
    told = outline(card)
    for word in WORDS:
        example = re.search(rf"@LogSense ({word}[^/|]*) \|", told)
        assert example, word
        assert type(parse_command(example[1])).__name__.lower() in (word, word.removesuffix("s"))
    assert all(sign in told for sign in ("✅", "👍 👎", "somebody else"))


@pytest.mark.parametrize("place", Place)
def test_a_welcome_says_what_is_missing(place: Place) -> None:
    for connected, sentry, expected in (
        (False, False, [Action.HELP]),
        (True, False, [Action.CONNECT_SENTRY, Action.HELP]),
        (True, True, [Action.INCIDENTS, Action.HELP]),
    ):
        card = welcome_card(place, connected=connected, sentry=sentry)
        assert_card(card)
        assert list(buttons_of(card)) == expected
        assert ("logsense org invite" in outline(card)) == (not connected)


# ---- post-mortem


def told_by(messages: Any) -> str:
    return html.unescape("".join(message["text"].removeprefix("<pre>").removesuffix("</pre>") for message in messages))


def test_a_post_mortem_can_be_copied_as_it_stands() -> None:
    (message,) = post_mortem_messages(replace(RESOLVED, evidence=()))
    assert message["textFormat"] == "xml"
    text = told_by([message])
    assert text.startswith("# Post-mortem: SHOP-1\n")
    assert "- [ ] **Roll back release shop@4.2.0** (risk medium, effort low)\n    - [ ] Revert" in text


@SLOW_TO_MAKE
@given(report_views)
def test_no_post_mortem_is_markup_or_too_long(view: ReportView) -> None:
    for message in post_mortem_messages(view):
        inside = message["text"].removeprefix("<pre>").removesuffix("</pre>")
        assert not set("<>") & set(inside)
        assert size(message["text"]) * 2 <= 25_000
