"""What a thread shows becomes messages that Slack takes, that say all of it, and that a tired person can read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from adapters.slack.blocks import messages_of
from adapters.slack.ids import Action
from adapters.slack.message import BLOCK_LIMIT, Message, messages
from core.domain.investigation import Status
from core.domain.journal import Step
from core.domain.tenancy import Actor
from core.domain.thread_view import ProgressView, ReportView, ThreadView
from tests.adapters.slack.block_rules import assert_message, outline, texts_in
from tests.adapters.slack.samples import (
    ANSWER,
    ASKING,
    ERROR,
    FINISHED,
    KNOWN,
    NOTICE,
    QUEUED,
    REPORT,
    RESOLVED,
    RUNNING,
    progress_views,
    report_views,
    views,
)

SNAPSHOTS = Path(__file__).parent / "snapshots"
SLOW_TO_MAKE = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def shown(view: ThreadView) -> str:
    return "\n=====\n".join(outline(message.blocks) for message in messages_of(view))


def tasks_of(message: Message) -> list[dict[str, Any]]:
    return [task for block in message.blocks for task in block.get("tasks", ())]


def buttons_of(message: Message) -> dict[str, str]:
    elements = [element for block in message.blocks for element in block.get("elements", ())]
    return {element["action_id"]: element["value"] for element in elements if element["type"] == "button"}


def words(text: str) -> str:
    """What is left of a text when nothing but letters, digits and their order counts."""
    return re.sub(r"[\W_]|&(?:amp|lt|gt);", "", re.sub(r"&(?:amp|lt|gt);", "", text))


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("progress_queued", QUEUED),
        ("progress_running", RUNNING),
        ("progress_finished", FINISHED),
        ("report", REPORT),
        ("report_resolved", RESOLVED),
        ("answer", ANSWER),
        ("error", ERROR),
        ("notice", NOTICE),
        ("report_seen_before", KNOWN),
        ("fix_asked", ASKING),
    ],
)
def test_messages_read_as_the_snapshots_say(name: str, view: ThreadView) -> None:
    assert shown(view) == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


@SLOW_TO_MAKE
@given(views)
def test_whatever_is_shown_slack_takes_it(view: ThreadView) -> None:
    made = messages_of(view)
    assert made
    for message in made:
        assert_message(message)


# ---- progress


@SLOW_TO_MAKE
@given(progress_views)
def test_nothing_spins_and_nothing_can_be_stopped_once_it_is_over(view: ProgressView) -> None:
    (message,) = messages_of(view)
    statuses = {task["status"] for task in tasks_of(message)}
    assert (Action.STOP in buttons_of(message)) == (not view.status.is_over)
    if view.status.is_over:
        assert statuses <= {"complete", "error"}
    else:
        assert statuses & {"in_progress", "pending"}


def test_the_newest_steps_are_kept_and_the_others_counted() -> None:
    steps = tuple(Step(n, "why " * 20, "get_stacktrace", {}, True, f"outcome {n}", f"E{n}", 1200) for n in range(1, 61))
    (message,) = messages_of(replace(RUNNING, steps=steps, notes=()))
    shown_ids = [task["task_id"] for task in tasks_of(message)]
    hidden = 61 - len(shown_ids)
    assert shown_ids == [*(f"step-{n}" for n in range(hidden + 1, 61)), "thinking"]
    assert 15 <= len(shown_ids) <= BLOCK_LIMIT
    assert f"The first {hidden} steps are not shown here, but kept." in outline(message.blocks)


def test_a_step_that_never_ended_says_so() -> None:
    (message,) = messages_of(replace(RUNNING, status=Status.CANCELLED))
    last = tasks_of(message)[-1]
    assert last["status"] == "error"
    assert "Not finished." in [text for _, text in texts_in(last)]


def test_a_tool_of_somebody_else_is_named() -> None:
    step = Step(1, "", "read_<!here>_logs", {}, True, "x")
    (message,) = messages_of(replace(FINISHED, steps=(step,)))
    assert tasks_of(message)[0]["title"].startswith("Used read")


# ---- report


@SLOW_TO_MAKE
@given(report_views)
def test_a_report_loses_nothing(view: ReportView) -> None:
    made = words("".join(text for message in messages_of(view) for _, text in texts_in(list(message.blocks))))
    report = view.report
    for whole in (
        report.root_cause,
        *(finding.claim for finding in report.findings),
        *(part for fix in report.fixes for part in (fix.title, *fix.steps)),
        *(part for past in report.similar for part in (past.root_cause, past.fix)),
    ):
        for word in re.findall(r"[a-zA-Z]{4,40}", whole)[-3:]:
            assert word in made


def test_a_short_report_is_one_message_and_mentions_who_asked() -> None:
    (message,) = messages_of(REPORT)
    assert message.text.startswith("<@U07ADA> SHOP-1: `item` had no")
    assert "<@U07ADA>" in outline(message.blocks)


def test_only_slack_ids_become_mentions() -> None:
    for actor in (Actor("u1", "<!channel>"), Actor("U123> <!here", "Bob"), Actor("", "Bob")):
        (message,) = messages_of(replace(REPORT, asked_by=actor))
        assert "<" not in message.text


def test_a_report_that_is_too_long_flows_on_and_its_buttons_stay_with_the_first() -> None:
    fixes = tuple(replace(fix, steps=("one more thing to do " * 400,)) for fix in REPORT.report.fixes)
    first, *others = messages_of(replace(REPORT, report=replace(REPORT.report, fixes=fixes)))
    assert set(buttons_of(first)) == {
        Action.RESOLVE,
        Action.WRONG,
        Action.AGAIN,
        Action.EVIDENCE,
        Action.POST_MORTEM,
    }
    assert set(buttons_of(first).values()) == {"k3v9"}
    assert len(others) >= 2
    assert first.text.startswith(f"1/{len(others) + 1} ")
    assert not any(buttons_of(other) for other in others)


@SLOW_TO_MAKE
@given(report_views)
def test_resolving_changes_the_first_message_alone(view: ReportView) -> None:
    before = messages_of(replace(view, resolved_by=None, resolved_at=None))
    after = messages_of(replace(view, resolved_by=RESOLVED.resolved_by, resolved_at=RESOLVED.resolved_at))
    assert before[1:] == after[1:]
    assert Action.REOPEN in buttons_of(after[0])
    assert Action.RESOLVE not in buttons_of(after[0])


def test_what_speaks_against_a_report_comes_before_what_speaks_for_it() -> None:
    reasons = ("+5 the issue was read", "-15 the code is minified", *(f"+{n} good {n}" for n in range(6, 12)))
    report = replace(REPORT.report, confidence=40, confidence_reasons=reasons, partial=True)
    text = shown(replace(REPORT, report=report))
    assert "*Low confidence: treat it as a lead* (40 %)\n⚠ Partial: it ended before everything was looked at." in text
    assert "⚠ the code is minified\n(good 11 · good 10 · good 9 · 4 more in “Show evidence”)" in text


def test_the_source_shows_only_where_the_culprit_is() -> None:
    assert "→" in shown(REPORT)
    elsewhere = replace(REPORT.report.culprit or pytest.fail(), line=10)
    assert "→" not in shown(replace(REPORT, report=replace(REPORT.report, culprit=elsewhere)))


# ---- messages


def test_blocks_keep_their_order_over_messages() -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": str(number)}} for number in range(120)]
    made = messages("x", blocks, [{"type": "divider"}])
    assert [len(message.blocks) for message in made] == [46, 50, 25]
    texts = [text for message in made for _, text in texts_in(list(message.blocks))]
    assert texts == [str(number) for number in range(120)]
    assert made[0].blocks[-1] == {"type": "divider"}
