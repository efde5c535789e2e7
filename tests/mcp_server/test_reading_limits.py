"""Whatever one event holds, it takes little work to read, and what was not read is said."""

import json
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.agent.rules.template_values import _PATH
from core.domain.incident import ErrorEvent, ExceptionInfo, Frame
from core.domain.reading_limits import DECODED, EVENT_CHARS, TEXT_CHARS, ReadingLimits, TextBudget
from core.gateways.sentry.payloads import event_from_json, read_event
from core.mcp_server.masking import Masker
from core.mcp_server.output import page_of
from core.mcp_server.tools.get_stacktrace import stack_output

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
    page = page_of(stack_output(event, masker), 1, masker, "0badcafe")
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


@given(
    st.recursive(
        st.text(max_size=30) | st.integers(),
        lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=9), inner),
    ),
    st.integers(0, 6),
    st.integers(5, 12),
)
def test_no_list_is_longer_and_nothing_deeper_than_allowed(thing: object, depth: int, items: int) -> None:
    budget = TextBudget(ReadingLimits(text_chars=10, all_chars=1_000, items=items, depth=depth))
    limited = budget.limited(thing)

    def check(item: object, level: int) -> None:
        if isinstance(item, dict | list):
            assert not item or level < depth
            assert len(item) <= items
            for each in item.values() if isinstance(item, dict) else item:
                check(each, level + 1)

    check(limited, 0)
    assert (limited == thing) == (budget.told() is None)


def test_of_a_long_list_both_ends_are_kept_and_the_rest_is_counted() -> None:
    budget = TextBudget(ReadingLimits(text_chars=10, all_chars=1_000, items=6))
    assert budget.limited(list(range(100))) == [0, 1, 2, 97, 98, 99]
    assert budget.told() == "94 items of long lists in this event were not read"


def test_lines_of_source_keep_their_numbers_when_nothing_is_left_to_read() -> None:
    frame = Frame("f", "a.py", line=2, source=((1, "x"), (2, "y")))
    budget = TextBudget(ReadingLimits(text_chars=10, all_chars=0, items=6))
    assert [number for number, _ in budget.limited(frame).source] == [1, 2]


def test_masking_by_name_sees_no_more_of_an_event_than_the_limit() -> None:
    seen: list[int] = []

    def note_size(payload: object) -> object:
        seen.append(len(json.dumps(payload)))
        return payload

    values = [{"type": "E", "value": "v" * 20_000} for _ in range(50)]
    event = read_event(json.dumps({"extra": {"a": "b"}, "exception": {"values": values}}), note_size)
    assert seen[0] < DECODED.all_chars * 1.1
    assert "characters of long texts" in event.notes[0]


@given(st.integers(0, 60), st.randoms(use_true_random=False))
def test_a_secret_that_the_limit_goes_through_leaks_nothing(back: int, chance: random.Random) -> None:
    secret = "ghp_" + "".join(chance.choices(string.ascii_letters + string.digits, k=36))
    text = "word " * ((TEXT_CHARS - back) // 5) + secret + " end" * 50
    event = ErrorEvent(exceptions=(ExceptionInfo("E", text),))
    limited = TextBudget().limited(event)
    value = limited.exceptions[0].value or ""
    assert secret[:8] not in MASKER.text(value)
