"""What a thread shows becomes messages that Slack takes, that say all of it, and that a tired person can read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from adapters.slack.inbound.ids import Action
from adapters.slack.render.blocks import messages_of
from adapters.slack.render.evidence_modal import evidence_modal
from adapters.slack.render.message import BLOCK_LIMIT, MOST_MESSAGES, Message, divided, messages
from adapters.slack.render.report_blocks import rest_of_report
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
    return tasks_with(message.blocks)


def tasks_with(blocks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [task for block in blocks for task in block.get("tasks", ())]


def buttons_of(message: Message) -> dict[str, str]:
    elements = [element for block in message.blocks for element in block.get("elements", ())]
    return {element["action_id"]: element.get("value", "") for element in elements if element["type"] == "button"}


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
    statuses = {task["status"] for task in tasks_with([*message.blocks, *message.unfolded])}
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
    assert "✕ *Checked how often it happens*: Not finished." in outline(message.blocks)
    assert tasks_with(message.unfolded)[-1]["status"] == "error"


def test_what_is_over_is_one_line_that_unfolds() -> None:
    (message,) = messages_of(FINISHED)
    (block,) = message.blocks
    assert block["title"]["text"] == "LogSense investigated SHOP-1: 5 steps in 41 s"
    assert block["default_collapsed"]
    assert all(f"`E{number}`" in outline([block]) for number in range(1, 6))


def test_while_it_runs_a_step_is_one_line_and_links_what_it_read() -> None:
    steps = (replace(RUNNING.steps[0], url="https://acme.sentry.io/issues/1/"), *RUNNING.steps[1:])
    (message,) = messages_of(replace(RUNNING, steps=steps))
    assert not any({"details", "output"} & set(task) for task in tasks_of(message))
    first, *others = tasks_of(message)
    assert first["sources"] == [{"type": "url", "url": "https://acme.sentry.io/issues/1/", "text": "Sentry"}]
    assert not any("sources" in task for task in others)


def test_a_tool_of_somebody_else_is_named() -> None:
    step = Step(1, "", "read_<!here>_logs", {}, True, "x")
    (message,) = messages_of(replace(FINISHED, steps=(step,)))
    assert "*Used read" in outline(message.blocks)


# ---- report


@SLOW_TO_MAKE
@given(report_views)
def test_a_report_loses_nothing(view: ReportView) -> None:
    blocks = [*(block for message in messages_of(view) for block in message.blocks), *rest_of_report(view)]
    made = words("".join(text for _, text in texts_in(blocks)))
    report = view.report
    for whole in (
        report.root_cause,
        *(finding.claim for finding in report.findings),
        *(part for fix in report.fixes for part in (fix.title, *fix.steps)),
        *(part for past in report.similar for part in (past.root_cause, past.fix)),
    ):
        # Not the long text itself: a failing example would be written out for minutes.
        assert not [word for word in re.findall(r"[a-zA-Z]{4,40}", whole)[-3:] if word not in made]


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
    assert set(buttons_of(first)) == {Action.OPEN, Action.RESOLVE, Action.EVIDENCE}
    assert len(others) >= 2
    assert first.text.startswith(f"1/{len(others) + 1} ")
    assert not any(buttons_of(other) for other in others)


def test_a_report_begins_with_five_lines_and_then_the_buttons() -> None:
    (message,) = messages_of(REPORT)
    told = outline(message.blocks).split("\n")
    assert told[:5] == [
        "*<https://acme.sentry.io/issues/4000001/|SHOP-1>* · 83 users, 127 events, rising since 07:00 UTC (shop@4.2.0)",
        "`item` had no `unit_price` when line_total() read it, since commit 9f31c2ab “pricing: bundles carry a price "
        "of their own”.",
        "*High confidence (94 %)*",
        "`shop/pricing.py:9 line_total()`",
        "*Do now:* Roll back release shop@4.2.0 (risk medium)",
    ]
    assert told[5] == "[Open in Sentry] [Resolve] [Show evidence] [… Investigate again, Copy as post-mortem]"


def test_without_containers_a_report_is_shown_whole() -> None:
    (message,) = messages_of(REPORT)
    unfolded = outline(message.unfolded)
    assert "[Helpful] [Looks wrong]" in unfolded
    folded = [line.strip() for line in outline(message.blocks).split("\n") if line.startswith("  ")]
    assert all(line in unfolded for line in folded)


def monster(times: int) -> ReportView:
    """A report that no model was driven to, and that somebody will be."""
    report = REPORT.report
    words = "<!channel> & more of it " * times
    return replace(
        REPORT,
        title=words,
        report=replace(
            report,
            root_cause=words,
            findings=tuple(replace(report.findings[0], claim=f"{n} {words}") for n in range(times)),
            fixes=tuple(replace(report.fixes[0], title=words, steps=(words,) * times) for _ in range(5)),
            similar=tuple(replace(report.similar[0], root_cause=words, fix=words) for _ in range(10)),
            confidence_reasons=(),
        ),
    )


@pytest.mark.parametrize("times", [1, 10, 60])
def test_no_report_is_more_than_five_messages_and_the_rest_is_behind_the_evidence(times: int) -> None:
    view = monster(times)
    made = messages_of(view)
    assert len(made) <= MOST_MESSAGES
    for message in made:
        assert_message(message)
    rest = rest_of_report(view)
    assert bool(rest) == ("The rest is behind “Show evidence”." in outline(made[-1].blocks))
    if rest:
        assert rest[0] in evidence_modal(view, 1)["blocks"]


def test_what_speaks_against_a_report_stands_beside_its_confidence() -> None:
    reasons = ("+5 the issue was read", "-15 the code is minified", *(f"+{n} good {n}" for n in range(6, 12)))
    report = replace(REPORT.report, confidence=40, confidence_reasons=reasons, partial=True)
    text = shown(replace(REPORT, report=report))
    assert "*Low confidence (40 %): treat it as a lead*\n⚠ Partial: it ended before everything was looked at." in text
    assert "⚠ the code is minified\n" in text


def test_the_source_shows_only_where_the_culprit_is() -> None:
    assert "→" in shown(REPORT)
    elsewhere = replace(REPORT.report.culprit or pytest.fail(), line=10)
    assert "→" not in shown(replace(REPORT, report=replace(REPORT.report, culprit=elsewhere)))


# ---- messages


def test_blocks_keep_their_order_over_messages() -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": str(number)}} for number in range(120)]
    made = messages("x", divided(blocks, has_tail=True), [{"type": "divider"}])
    assert [len(message.blocks) for message in made] == [48, 49, 24]
    texts = [text for message in made for _, text in texts_in(list(message.blocks))]
    assert texts == [str(number) for number in range(120)]
    assert made[0].blocks[-1] == {"type": "divider"}
