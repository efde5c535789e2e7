"""A report begins with five lines in which each fact stands once, and nothing is lost behind them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from adapters.common.first_lines import first_lines, fixed_by, folded, is_safe
from adapters.common.short_sentences import MAX_SENTENCE, one_sentence, without_place, without_records
from adapters.slack.render.blocks import messages_of
from adapters.teams.render.cards import cards_of
from core.domain.report import Culprit
from core.domain.thread_view import ReportView
from tests.adapters.slack.block_rules import outline
from tests.adapters.slack.samples import KNOWN, LONG, REPORT
from tests.adapters.teams.card_rules import outline as card_outline
from tests.demo.views import demo_reports


def visible_in_slack(view: ReportView) -> str:
    (message,) = messages_of(view)
    return "\n".join(line for line in outline(message.blocks).split("\n") if not line.startswith("  "))


def visible_in_teams(view: ReportView) -> str:
    lines = (line for card in cards_of(view) for line in card_outline(card).split("\n"))
    return "\n".join(line for line in lines if "(hidden)" not in line)


@pytest.mark.timeout(180)
def test_each_fact_stands_once_in_what_is_visible_of_every_recorded_incident() -> None:
    views = demo_reports()
    assert len(views) >= 14
    for view in views:
        for shown in (visible_in_slack(view), visible_in_teams(view)):
            assert first_lines(view).issue in shown and "Do now:" in shown
            culprit = view.report.culprit
            if culprit is not None and culprit.line is not None:
                assert shown.count(f"{culprit.file}:{culprit.line}") == 1
            assert not re.search(r"\{[^{}…]*: [^{}]*\}", shown), "a record is dumped"
            for past in view.report.similar:
                assert shown.count(past.incident) <= 1
                assert past.root_cause not in shown and (not past.fix or past.fix not in shown)
            release = re.search(r"\((\S+@\S+)\)", first_lines(view).numbers)
            assert release is None or shown.count(release[1]) <= 2


@pytest.mark.timeout(180)
def test_every_recorded_incident_links_its_issue_and_names_numbers() -> None:
    for view in demo_reports():
        lines = first_lines(view)
        assert lines.url is not None and re.fullmatch(
            r"http://127\.0\.0\.1:\d+/organizations/acme/issues/\d+/", lines.url
        )
        assert re.search(r"\d+ events?, .*since (?:\d+ \w+ )?\d\d:\d\d UTC \(\S+@\S+\)$", lines.numbers)
        assert lines.cause.count("\n") == 0 and len(lines.cause) <= MAX_SENTENCE + 1


def test_what_fixed_the_same_error_before_is_what_to_do_now() -> None:
    lines = first_lines(KNOWN)
    assert (
        lines.do_now == "line_total reads optional fields with a default, and carts are validated when they are loaded"
    )
    assert lines.vouched == "Confirmed by Mina Park on 2026-08-14; its fix held 3 of 4 times"


def test_a_guess_is_no_reason_to_roll_back() -> None:
    doubtful = replace(REPORT, report=replace(REPORT.report, confidence=49))
    assert first_lines(REPORT).do_now == "Roll back release shop@4.2.0"
    assert first_lines(doubtful).do_now.startswith("Make line_total() cope")


def test_a_past_fix_that_is_proposed_is_told_once() -> None:
    (past,) = REPORT.report.similar
    assert fixed_by(past, REPORT.report.fixes) == "fix 3 above"
    assert fixed_by(past, ()) == past.fix
    assert not any(past.root_cause in finding.claim for finding in folded(REPORT).findings)


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("`item` had no `x`: it was {sku: 'B', n: {a: 1}}, since release 2", "`item` had no `x`, since release 2."),
        ("It broke (`row` = {a: 1, b: 2}) at night", "It broke at night."),
        ("The pool leaks. Two workers hold it. Restart it.", "The pool leaks."),
        ("It needs Python 3.11, i.e. Newer ones. And more", "It needs Python 3.11, i.e. Newer ones."),
        ("", ""),
    ],
)
def test_a_cause_becomes_one_sentence_without_a_record(long: str, short: str) -> None:
    assert one_sentence(long) == short


def test_a_record_whose_end_was_cut_off_goes_too() -> None:
    assert "sku" not in one_sentence("The cart was {sku: 'B', quantity: 1, cur…")


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("no key when total() read it (shop/cart.py:9)", "no key when total() read it"),
        ("total() fails at shop/cart.py:9 in total(): boom", "total() fails: boom"),
        ("shop/cart.py:9 reads a key", "total() reads a key"),
        ("`shop/cart.py:9` reads a key", "total() reads a key"),
        ("see shop/cart.py:91", "see shop/cart.py:91"),
    ],
)
def test_a_place_that_stands_on_its_own_line_is_not_repeated(text: str, bare: str) -> None:
    assert without_place(text, Culprit("shop/cart.py", "total", 9)) == bare


@settings(max_examples=60, deadline=None)
@given(LONG)
def test_whatever_a_reasoner_writes_the_line_is_short(text: str) -> None:
    assert len(one_sentence(text)) <= MAX_SENTENCE + 1
    assert "\n" not in one_sentence(text)
    without_records(text[:4_000])


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a.example/|x", "https://a@b.example/", "https://a.example/<!x>"]
)
def test_an_address_that_could_mean_more_is_no_link(url: str) -> None:
    assert not is_safe(url)
