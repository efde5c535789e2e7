"""The suspect change of a report: the same facts on every channel, with names that call nobody."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

from rich.console import Console

from adapters.common.post_mortem import post_mortem
from adapters.common.suspect_change import change_words
from adapters.slack.render.report_blocks import report_messages, rest_of_report
from adapters.teams.render.report_card import report_cards
from adapters.terminal import rendered
from bot.cli.json_documents import report_document
from core.domain.report import SuspectChange
from core.domain.thread_view import ReportView
from tests.adapters.slack.block_rules import assert_message
from tests.adapters.teams.card_rules import assert_card
from tests.contracts.views import LONG_REPORT

CHANGE = SuspectChange(
    commit="59c1f49a8e19",
    subject="pricing: bundles carry a price of their own",
    evidence="E6",
    author="Mina Park",
    at="2026-11-18T02:30Z",
    release="shop@4.2.0",
    url="https://github.com/acme/shop/commit/59c1f49a8e193dd35edc0456823840c35b1798bf",
    why=("wrote the line shop/pricing.py:9", "names unit_price"),
    paths=("shop/pricing.py",),
    diff=('-     unit_price = item.get("unit_price", 0.0)', '+     unit_price = item["unit_price"]'),
    known_by=("Jo Kern", "Mina Park"),
)
SHORT = replace(LONG_REPORT, report=replace(LONG_REPORT.report, root_cause="It broke.", findings=(), fixes=()))
HOSTILE = replace(
    CHANGE,
    subject="<!channel> @here [x](https://evil.example) *bold* `code`",
    author="<@U07EVE> @channel <at>Ada</at>",
    url="javascript:alert(1)",
    diff=("+ ``` <!here>",) * 40,
    known_by=("@everyone", "<!subteam^S1>", "x" * 500, "fourth"),
)


def view(change: SuspectChange, of: ReportView = SHORT) -> ReportView:
    return replace(of, report=replace(of.report, change=change))


def terminal(shown: ReportView) -> str:
    out = StringIO()
    Console(file=out, width=200).print(rendered(shown))
    return out.getvalue()


def texts(shown: ReportView) -> dict[str, str]:
    return {
        "slack": json.dumps([message.blocks for message in report_messages(shown)], ensure_ascii=False),
        "teams": json.dumps(list(report_cards(shown)), ensure_ascii=False),
        "terminal": terminal(shown),
        "post-mortem": post_mortem(shown),
    }


def test_every_channel_shows_commit_author_time_link_diff_and_who_knows_the_code() -> None:
    for channel, text in texts(view(CHANGE)).items():
        plain = text.replace("\\", "")
        for part in ("59c1f49a", "Mina Park", "2026-11-18 02:30 UTC", CHANGE.url or "", "wrote the line", "Jo Kern"):
            assert part in plain, (channel, part)
        assert 'item["unit_price"]' in plain, channel


def test_the_document_for_scripts_has_the_change_or_null() -> None:
    document = report_document(view(CHANGE).report)
    assert document["change"]["commit"] == "59c1f49a8e19"
    assert report_document(SHORT.report)["change"] is None
    assert report_document(None)["change"] is None
    json.dumps(document)


def test_without_a_suspect_no_channel_speaks_of_one() -> None:
    assert not any("uspect change" in text for text in texts(SHORT).values())


def test_names_and_subjects_bring_neither_mentions_nor_links_nor_more_than_twelve_lines() -> None:
    words = change_words(view(HOSTILE))
    assert words is not None
    assert (words.url, len(words.diff)) == (None, 12)
    assert "fourth" not in words.known_by and len(words.known_by) < 200
    shown = texts(view(HOSTILE))
    assert not any("javascript:" in text for text in shown.values())
    for call in ("<!channel>", "<@U07EVE>", "<!here>", "<!subteam"):
        assert call not in shown["slack"]
    assert "@channel" not in shown["post-mortem"] and "<at>" not in shown["post-mortem"]
    for card in report_cards(view(HOSTILE)):
        assert_card(card)
        assert [entity["text"] for entity in card.get("msteams", {}).get("entities", [])] in ([], ["<at>Ada</at>"])
    for message in report_messages(view(HOSTILE)):
        assert_message(message)


def test_a_long_report_keeps_within_its_messages_with_a_change_too() -> None:
    long = view(CHANGE, LONG_REPORT)
    assert len(report_messages(long)) <= 5
    assert len(report_cards(long)) <= 5
    assert "59c1f49a" in json.dumps([message.blocks for message in report_messages(long)]) + str(rest_of_report(long))
