"""What a model wrote is labelled and cites its evidence; every report can be judged by the thumbs of Teams."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.teams.inbound.activities import read_feedback
from adapters.teams.render.ai_label import marks_of
from core.domain.report import NO_USAGE
from tests.adapters.slack.samples import ANSWER, NOTICE, REPORT, RUNNING
from tests.adapters.teams.activities import message

BY_MODEL = replace(REPORT, report=replace(REPORT.report, reasoner="gpt-5-mini"))


def test_a_report_of_a_model_has_one_label_and_cites_its_evidence() -> None:
    (entity,) = marks_of(BY_MODEL)["entities"]
    assert entity["type"] == "https://schema.org/Message"
    assert entity["additionalType"] == ["AIGeneratedContent"]
    assert [each["position"] for each in entity["citation"]] == [1, 2, 3, 4, 5]
    second = entity["citation"][1]["appearance"]
    assert second["name"] == "E2 · Read the stack trace"
    assert "pricing.py:9 in line_total()" in second["abstract"]
    assert all(len(each["appearance"]["abstract"]) <= 160 for each in entity["citation"])


def test_what_rules_wrote_has_no_label() -> None:
    assert "entities" not in marks_of(REPORT)
    assert marks_of(RUNNING) == marks_of(NOTICE) == marks_of(replace(ANSWER, usage=NO_USAGE)) == {}


def test_thumbs_stand_below_the_first_card_of_every_report() -> None:
    for view in (REPORT, BY_MODEL):
        assert marks_of(view)["channelData"] == {"feedbackLoop": {"type": "default"}}
        assert "channelData" not in marks_of(view, first=False)
    (later,) = marks_of(BY_MODEL, first=False)["entities"]
    assert "citation" not in later


@pytest.mark.parametrize(("reaction", "helpful"), [("like", True), ("dislike", False)])
def test_a_thumb_is_feedback_on_the_message_that_it_stands_below(reaction: str, helpful: bool) -> None:
    value = {"actionName": "feedback", "actionValue": {"reaction": reaction, "feedback": "{}"}}
    pressed = {**message("x"), "type": "invoke", "name": "message/submitAction", "value": value, "replyToId": "1700"}
    feedback = read_feedback(pressed)
    assert feedback is not None and feedback.message is not None
    assert (feedback.helpful, feedback.message.message_id) == (helpful, "1700")


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"actionName": "other"},
        {"actionName": "feedback", "actionValue": {"reaction": "hm"}},
        {"actionName": "feedback", "actionValue": "like"},
    ],
)
def test_any_other_submission_means_nothing(value: object) -> None:
    pressed = {**message("x"), "type": "invoke", "name": "message/submitAction", "value": value, "replyToId": "1700"}
    assert read_feedback(pressed) is None
