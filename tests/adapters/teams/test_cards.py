"""What a thread shows becomes cards that Teams takes, that say all of it, and that a tired person can read."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from adapters.teams.inbound.ids import Action
from adapters.teams.render.card import LIMIT, MOST_CARDS, cards, divided
from adapters.teams.render.cards import cards_of, summary_of
from adapters.teams.render.elements import own, rich, weight
from adapters.teams.render.evidence_card import evidence_card
from adapters.teams.render.progress_card import progress_card
from adapters.teams.render.report_card import rest_of_report
from adapters.teams.render.text import run
from core.domain.investigation import Status
from core.domain.journal import Step
from core.domain.tenancy import Actor
from core.domain.thread_view import NoticeView, ProgressView, ReportView, ThreadView
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
from tests.adapters.slack.test_blocks import monster
from tests.adapters.teams.card_rules import assert_card, buttons_of, of_type, outline

SNAPSHOTS = Path(__file__).parent / "snapshots"
ADA = Actor("29:1Ada-x_y", "Ada Lovelace")
SLOW_TO_MAKE = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def shown(view: ThreadView) -> str:
    return "\n=====\n".join(outline(card) for card in cards_of(view))


def words(text: str) -> str:
    """What is left of a text when nothing but letters, digits and their order counts."""
    return re.sub(r"[\W_]", "", text)


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("progress_queued", QUEUED),
        ("progress_running", RUNNING),
        ("progress_finished", FINISHED),
        ("report", replace(REPORT, asked_by=ADA)),
        ("report_resolved", RESOLVED),
        ("answer", replace(ANSWER, asked_by=ADA)),
        ("error", ERROR),
        ("notice", NOTICE),
        ("report_seen_before", replace(KNOWN, asked_by=ADA)),
        ("fix_asked", ASKING),
    ],
)
def test_cards_read_as_the_snapshots_say(name: str, view: ThreadView) -> None:
    assert shown(view) == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


@SLOW_TO_MAKE
@given(views)
def test_whatever_is_shown_teams_takes_it(view: ThreadView) -> None:
    made = cards_of(view, now=RUNNING.started_at)
    assert made
    for card in made:
        assert_card(card)
    assert 1 <= len(summary_of(view)) <= 250
    assert "\n" not in summary_of(view)


@pytest.mark.parametrize("status", [Status.RUNNING, Status.REPORTED])
def test_a_progress_card_with_a_long_title_and_many_steps_is_not_too_heavy_however_long_they_are(
    status: Status,
) -> None:
    long = "<!channel> <@U123> <#C1|x> <https://evil.example|your bank> <!subteam^S1> " * 4
    for length in range(10, 300, 5):
        step = replace(RUNNING.steps[0], thought=long[:length], outcome=long[:length], ok=True)
        view = replace(RUNNING, title=long, status=status, notes=(long,) * 3, reasoner=long, steps=(step,) * 60)
        assert weight(progress_card(view, now=RUNNING.started_at)) <= LIMIT


@pytest.mark.parametrize(
    "text",
    [
        "[click](https://evil.example) **bold** _it_ <at>Ada</at> &lt;at&gt; # title",
        "{{DATE(2026-11-23T03:12:00Z, SHORT)}} {{TIME(2026-11-23T03:12:00Z)}} ${title}",
        "def __init__(self, *args, **kwargs): return a[0] < b > c & d",
    ],
)
def test_markup_of_strangers_is_shown_and_not_followed(text: str) -> None:
    (card,) = cards_of(NoticeView(text))
    assert_card(card)
    assert not of_type(card, "TextBlock")
    told = "".join(one["text"] for one in of_type(card, "TextRun"))
    assert words(told) == words(text)


# ---- progress


@SLOW_TO_MAKE
@given(progress_views)
def test_nothing_runs_and_nothing_can_be_stopped_once_it_is_over(view: ProgressView) -> None:
    (card,) = cards_of(view)
    signs = {block["text"] for block in of_type(card, "TextBlock")}
    assert (Action.STOP in buttons_of(card)) == (not view.status.is_over)
    assert bool(signs & {"◌", "○"}) == (not view.status.is_over)


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (QUEUED, "Queued for 41 s: it starts"),
        (RUNNING, "Running for 41 s: 4 steps so far."),
        (FINISHED, "▸ LogSense investigated SHOP-1: 5 steps in 41 s"),
        (replace(FINISHED, status=Status.CANCELLED), "cancelled after 41 s, 5 steps kept"),
        (replace(FINISHED, status=Status.FAILED), "failed after 41 s, the next message says why"),
    ],
)
def test_it_says_for_how_long(view: ProgressView, said: str) -> None:
    (card,) = cards_of(view, now=view.started_at + timedelta(seconds=41.2))
    assert said in outline(card)


def test_a_clock_that_is_behind_gives_no_negative_time() -> None:
    (card,) = cards_of(RUNNING, now=RUNNING.started_at - timedelta(seconds=5))
    assert "Running for under 0.1 s" in outline(card)


def test_the_newest_steps_are_kept_and_the_others_counted() -> None:
    steps = tuple(Step(n, "why " * 20, "get_stacktrace", {}, True, f"outcome {n}", f"E{n}", 1200) for n in range(1, 61))
    (card,) = cards_of(replace(RUNNING, steps=steps))
    assert_card(card)
    numbers = [int(found) for found in re.findall(r"outcome (\d+)", outline(card))]
    assert numbers == list(range(61 - len(numbers), 61))
    assert len(numbers) >= 15
    assert f"The first {60 - len(numbers)} steps are not shown here, but kept." in outline(card)


def test_what_is_over_is_one_line_that_unfolds() -> None:
    for status in (Status.REPORTED, Status.CANCELLED, Status.FAILED):
        first, *others = shown(replace(FINISHED, status=status)).split("\n")
        assert first.startswith("▸ LogSense investigated SHOP-1")
        assert all(line.startswith("(hidden)") for line in others)


def test_while_it_runs_a_step_is_one_line() -> None:
    assert len(shown(replace(RUNNING, notes=())).split("\n")) == 2 + len(RUNNING.steps) + len(["Stop"])


def test_a_step_that_never_ended_says_so() -> None:
    assert "✕ | Checked how often it happens / Not finished." in shown(replace(RUNNING, status=Status.CANCELLED))


# ---- report


@SLOW_TO_MAKE
@given(report_views)
def test_a_report_loses_nothing(view: ReportView) -> None:
    elements = [cards_of(view), rest_of_report(view)]
    made = words("".join(one["text"] for one in of_type(elements, "TextRun")))
    report = view.report
    for whole in (
        report.root_cause,
        *(finding.claim for finding in report.findings),
        *(part for fix in report.fixes for part in (fix.title, *fix.steps)),
        *(part for past in report.similar for part in (past.root_cause, past.fix)),
    ):
        # Not the long text itself: a failing example would be written out for minutes.
        assert not [word for word in re.findall(r"[a-zA-Z]{4,40}", whole)[-3:] if word not in made]


def test_a_report_that_fits_is_one_card_that_calls_who_asked_and_folds_the_proofs() -> None:
    (card,) = cards_of(replace(REPORT, asked_by=ADA))
    assert card["msteams"]["entities"] == [
        {"type": "mention", "text": "<at>Ada Lovelace</at>", "mentioned": {"id": ADA.id, "name": "Ada Lovelace"}}
    ]
    assert "For <at>Ada Lovelace</at>. Reply here" in outline(card)
    assert "(hidden) • KeyError: 'unit_price'" in outline(card)


@pytest.mark.parametrize(
    ("actor", "said"),
    [
        (Actor("U07ADA", "Ada"), "For Ada."),
        (Actor("29:1a</at>", "Ada"), "For Ada."),
        (Actor("29:1abc", ""), "For somebody."),
        (
            Actor("29:1abc", "<at>Bob</at> [x](https://e.example) **B**"),
            "For <at>at Bob at x (https e.example) B</at>.",
        ),
    ],
)
def test_names_are_only_names_and_only_people_of_teams_are_called(actor: Actor, said: str) -> None:
    (card,) = cards_of(replace(REPORT, asked_by=actor))
    assert_card(card)
    assert said in outline(card)
    assert ("entities" in card["msteams"]) == ("<at>" in said)


def test_a_report_that_is_too_long_flows_on_and_its_buttons_stay_with_the_first() -> None:
    fixes = tuple(replace(fix, steps=("one more thing to do " * 600,)) for fix in REPORT.report.fixes)
    first, *others = cards_of(replace(REPORT, report=replace(REPORT.report, fixes=fixes)))
    assert set(buttons_of(first)) == {
        Action.RESOLVE,
        Action.WRONG,
        Action.AGAIN,
        Action.EVIDENCE,
        Action.POST_MORTEM,
    }
    assert {value.partition(":")[0] for value in buttons_of(first).values()} == {"k3v9"}
    assert len(others) >= 2
    assert outline(others[0]).startswith(f"2/{len(others) + 1} · SHOP-1\n")
    assert not any(buttons_of(other) for other in others)
    assert "Why we think so" in outline(others[-1])


def test_a_report_begins_with_five_lines_and_then_the_buttons() -> None:
    (card,) = cards_of(REPORT)
    assert outline(card).split("\n")[:6] == [
        "SHOP-1  ·  83 users, 127 events, rising since 07:00 UTC (shop@4.2.0)",
        "item had no unit_price when line_total() read it, since commit 9f31c2ab “pricing: bundles carry a price of "
        "their own”.",
        "good: High confidence (94 %)",
        "shop/pricing.py:9 line_total()",
        "Do now: Roll back release shop@4.2.0 (risk medium)",
        "[Open in Sentry] [Resolve] [Show evidence] [Looks wrong] [Investigate again] [Copy as post-mortem]",
    ]
    hidden = [press["title"] for press in of_type(card, "Action.Execute") if press.get("mode") == "secondary"]
    assert hidden == ["Looks wrong", "Investigate again", "Copy as post-mortem"]


@pytest.mark.parametrize("times", [1, 10, 60])
def test_no_report_is_more_than_five_cards_and_the_rest_is_behind_the_evidence(times: int) -> None:
    view = monster(times)
    made = cards_of(view)
    assert len(made) <= MOST_CARDS
    for card in made:
        assert_card(card)
    rest = rest_of_report(view)
    assert bool(rest) == ("The rest is behind “Show evidence”." in outline(made[-1]))
    assert not rest or "The rest of the report" in outline(evidence_card(view, 1))


@SLOW_TO_MAKE
@given(report_views)
def test_resolving_changes_the_first_card_alone(view: ReportView) -> None:
    before = cards_of(replace(view, resolved_by=None, resolved_at=None))
    after = cards_of(replace(view, resolved_by=RESOLVED.resolved_by, resolved_at=RESOLVED.resolved_at))
    assert before[1:] == after[1:]
    changing = ("ActionSet", "TextBlock")
    same = [[element for element in card["body"] if element["type"] not in changing] for card in (before[0], after[0])]
    assert same[0] == same[1][1:]
    assert Action.REOPEN in buttons_of(after[0])
    assert Action.RESOLVE not in buttons_of(after[0])


def test_what_speaks_against_a_report_stands_beside_its_confidence() -> None:
    reasons = ("+5 the issue was read", "-15 the code is minified", *(f"+{n} good {n}" for n in range(6, 12)))
    report = replace(REPORT.report, confidence=40, confidence_reasons=reasons, partial=True)
    assert (
        "attention: Low confidence (40 %): treat it as a lead\n"
        "attention: ⚠ Partial: it ended before everything was looked at.\n"
        "attention: ⚠ the code is minified\n"
    ) in shown(replace(REPORT, report=report))


@pytest.mark.parametrize(("confidence", "ground"), [(75, "good"), (74, "warning"), (50, "warning"), (49, "attention")])
def test_the_ground_says_how_far_to_trust(confidence: int, ground: str) -> None:
    report = replace(REPORT.report, confidence=confidence)
    assert f"{ground}: " in shown(replace(REPORT, report=report))


def test_the_failing_line_stands_out_where_the_source_is_known() -> None:
    (card,) = cards_of(REPORT)
    failing = [one["text"] for one in of_type(card, "TextRun") if one.get("color") == "Attention"]
    assert [line.replace("\xa0", " ").split() for line in failing] == [["→", "unit_price", "=", 'item["unit_price"]']]
    elsewhere = replace(REPORT.report.culprit or pytest.fail(), line=10)
    assert "→" not in shown(replace(REPORT, report=replace(REPORT.report, culprit=elsewhere)))


def test_nothing_found_is_said() -> None:
    report = replace(REPORT.report, root_cause=" ", culprit=None, findings=(), fixes=(), similar=())
    assert "No root cause was found." in shown(replace(REPORT, report=report))


# ---- division


def test_elements_keep_their_order_over_cards() -> None:
    body: list[dict[str, Any]] = [rich(run(f"{number} {'x' * 900}")) for number in range(50)]
    made = cards(divided(body, more=500), "SHOP-1", tail=[own("end")])
    numbers = [int(found) for card in made for found in re.findall(r"^(\d+) x", outline(card), re.MULTILINE)]
    assert numbers == list(range(50))
    assert len(made) > 3
    assert all(weight(card) <= LIMIT for card in made)
    assert outline(made[0]).endswith("end")


def test_what_is_not_ascii_counts_as_teams_counts_it() -> None:
    made = cards_of(NoticeView("\U0001d54f" * 10_000))
    for card in made:
        assert_card(card)
    assert sum(one["text"].count("\U0001d54f") for card in made for one in of_type(card, "TextRun")) == 10_000
