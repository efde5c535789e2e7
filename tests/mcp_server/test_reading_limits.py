"""Whatever one event holds, it takes little work to read, and what was not read is said."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.agent.words import _PATH
from core.domain.incident import ErrorEvent, ExceptionInfo
from core.domain.reading_limits import EVENT_CHARS, TEXT_CHARS, TextBudget
from core.gateways.sentry_payloads import event_from_json
from core.mcp_server.masking import Masker
from core.mcp_server.rendering import page_of
from core.mcp_server.tools.get_stacktrace import stack_sheet

MASKER = Masker("k")


class CountingMasker(Masker):
    """Counts the characters that masking looks at: the work, without a clock."""

    seen = 0

    def text(self, text: str) -> str:
        self.seen += len(text)
        return super().text(text)


@pytest.mark.parametrize(
    "repeated", ["sk-", " ", "password='", "a/", "Bearer ", "http://a:", '"k":', "a@", "{", "at x ("]
)
def test_an_event_of_repeated_short_strings_is_looked_at_in_part_and_says_so(repeated: str) -> None:
    value = (repeated * 20_000)[:20_000]
    event = event_from_json({"exception": {"values": [{"type": "E", "value": value} for _ in range(45)]}})
    masker = CountingMasker("k")
    page = page_of(stack_sheet(event, masker), 1, masker, "0badcafe")
    assert masker.seen < 2 * EVENT_CHARS
    if value.strip():
        assert "characters of long texts in this event were not read" in page.text


def test_the_last_path_of_a_hostile_message_is_found_without_trying_every_pair_of_slashes() -> None:
    assert [pattern.search("a/" * 50_000) for pattern in _PATH] == [None, None]
    assert _PATH[1].search("cannot open shop/data/stock.csv now")[1] == "shop/data/stock.csv"  # type: ignore[index]


@given(
    st.recursive(st.text(max_size=5_000), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner))
)
def test_no_text_is_longer_than_its_share(thing: object) -> None:
    budget = TextBudget()
    limited = budget.limited(thing)
    texts: list[str] = []

    def collect(item: object) -> None:
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, dict):
            for key, value in item.items():
                collect(key)
                collect(value)
        elif isinstance(item, list):
            for each in item:
                collect(each)

    collect(limited)
    assert all(len(text) <= TEXT_CHARS for text in texts)
    assert sum(map(len, texts)) <= EVENT_CHARS


@given(st.integers(0, 60), st.randoms(use_true_random=False))
def test_a_secret_that_the_limit_goes_through_leaks_nothing(back: int, chance: random.Random) -> None:
    secret = "ghp_" + "".join(chance.choices(string.ascii_letters + string.digits, k=36))
    text = "word " * ((TEXT_CHARS - back) // 5) + secret + " end" * 50
    event = ErrorEvent(exceptions=(ExceptionInfo("E", text),))
    limited = TextBudget().limited(event)
    value = limited.exceptions[0].value or ""
    assert secret[:8] not in MASKER.text(value)
