"""How many values are masked is said at the end of a report, by kind and in plain words, in every channel."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from adapters.common.post_mortem import post_mortem
from adapters.common.wording import masked_words
from adapters.slack.render.report_blocks import report_messages
from adapters.teams.render.report_card import report_cards
from adapters.terminal import TerminalChannel
from core.domain.conversation import ConversationRef
from core.domain.masked_values import MASKED_KINDS, count_masked
from core.domain.report import Evidence
from core.domain.tenancy import Platform, WorkspaceRef
from tests.adapters.slack.samples import REPORT

HERE = ConversationRef(WorkspaceRef(Platform.TERMINAL, "local"), "tty")
READ = (
    Evidence("E1", "get_sentry_issue_details", {}, "token=[secret:aaaaaa] of [email:cccccc] and [email:dddddd]"),
    Evidence("E2", "get_stacktrace", {}, "again [secret:aaaaaa], key [secret:bbbbbb], [SECRET:ffffff] [secret:12345]"),
)
MASKED = replace(REPORT, title="Refused [secret:eeeeee]", evidence=READ)
PLAIN = replace(REPORT, title="Refused", evidence=tuple(replace(item, text="nothing hidden") for item in READ))


async def shown_in(channel: str, view: object) -> str:
    match channel:
        case "Slack":
            return json.dumps([message.blocks for message in report_messages(view)])  # type: ignore[arg-type]
        case "Teams":
            return json.dumps([dict(card) for card in report_cards(view)])  # type: ignore[arg-type]
        case "terminal":
            written = io.StringIO()
            await TerminalChannel(Console(file=written, width=120)).post(HERE, view)  # type: ignore[arg-type]
            return written.getvalue()
        case _:
            return post_mortem(view, ())  # type: ignore[arg-type]


@pytest.mark.parametrize("channel", ["Slack", "Teams", "terminal", "post-mortem"])
async def test_a_report_says_how_many_different_values_are_masked(channel: str) -> None:
    assert "Masked: 3 secrets, 2 e-mail addresses" in await shown_in(channel, MASKED)
    assert "Masked" not in await shown_in(channel, PLAIN)


@given(st.dictionaries(st.sampled_from(MASKED_KINDS), st.integers(1, 50)))
def test_every_kind_is_counted_and_has_its_words(counts: dict[str, int]) -> None:
    texts = [f"x[{kind}:{number:06x}]" for kind, many in counts.items() for number in range(many)]
    assert count_masked(texts + texts) == counts
    said = masked_words(count_masked(texts))
    assert said.count(",") == max(0, len(counts) - 1)
    assert said.startswith("Masked: ") == bool(counts)
    assert "addresss" not in said
    for many in counts.values():
        assert str(many) in said
