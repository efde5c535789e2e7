"""What strangers wrote can be read and does nothing; cuts are short and clean."""

import html
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.common.text_limits import size
from adapters.slack.render.mrkdwn import code, code_block, cut, escaped, link, pieces, plain, prose
from tests.adapters.slack.block_rules import assert_harmless
from tests.adapters.slack.samples import LONG, SHORT


@given(LONG)
def test_no_text_comes_out_as_markup(text: str) -> None:
    for kind, made in (("mrkdwn", escaped), ("mrkdwn", code), ("mrkdwn", code_block), ("mrkdwn", prose), ("x", plain)):
        assert_harmless(made(text), kind)


@given(st.text())
def test_escaped_text_has_no_formatting_characters_left(text: str) -> None:
    shown = escaped(text)
    assert not set("*`~") & set(shown)
    assert not re.search(r"(?m)^\s*(?:>|&gt;)", shown)
    assert not re.search(r"(?<![^\W_])_", shown)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("KeyError: 'unit_price' in total()", "KeyError: 'unit_price' in total()"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("<!channel> pay", "&lt;!channel&gt; pay"),
        ("call @here now", "call \uff20here now"),
        ("cart.py:100: boom", "cart.py\u2236100: boom"),
        ("in __init__", "in \u02cd\u02cdinit\u02cd\u02cd"),
        ("2 * 3", "2 \u2217 3"),
        ("one\ttwo\r\nthree", "one    two\nthree"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("شكرا جزيلا 👍", "شكرا جزيلا 👍"),
        ("", ""),
    ],
)
def test_people_can_still_read_it(written: str, shown: str) -> None:
    assert escaped(written) == shown


def test_code_of_a_reasoner_stays_code_and_their_lists_get_bullets() -> None:
    assert prose("- `item` had **no** `unit_price`: <!here>") == "• `item` had no `unit_price`: &lt;!here&gt;"
    assert prose("see\n```python\na = `b`\n```") == "see\n```\na = \u02cbb\u02cb\n```"
    assert code("a `b`\nc") == "`a \u02cbb\u02cb c`"
    assert code(" \u200b ") == ""


@given(LONG, st.integers(1, 200))
def test_a_cut_is_short_and_tears_no_entity(text: str, limit: int) -> None:
    whole = escaped(text)
    shown = cut(whole, limit)
    assert size(shown) <= limit
    assert not re.search(r"&(?!(?:amp|lt|gt);)", shown)
    assert shown == whole or shown.endswith("…")


def test_a_cut_tears_no_mention_and_no_emoji() -> None:
    assert cut("by <@U07ADA> & co", 8) == "by…"
    assert cut("👍👍👍", 4) == "👍…"
    assert [size("👍"), size("a")] == [2, 1]


@given(LONG, st.integers(60, 3_000))
def test_pieces_are_short_and_together_complete(text: str, limit: int) -> None:
    whole = escaped(text)
    parts = list(pieces(whole, limit))
    assert all(0 < size(part) <= limit for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", whole)
    assert not any(re.search(r"&(?!(?:amp|lt|gt);)", part) for part in parts)


@given(LONG)
def test_code_that_is_divided_stays_code_and_complete(text: str) -> None:
    parts = list(pieces(code_block(text), 500))
    assert all(part.startswith("```\n") and part.endswith("\n```") and part.count("```") == 2 for part in parts)
    inside = "".join(part[4:-4] for part in parts)
    assert re.sub(r"\s", "", html.unescape(inside)) == re.sub(r"\s", "", html.unescape(code_block(text)[4:-4]))


def test_pieces_end_where_lines_end() -> None:
    parts = list(pieces("\n".join(f"line number {n}" for n in range(100)), 200))
    assert all(later.startswith("line number") for _, later in pairwise(parts))


def test_a_link_shows_its_label() -> None:
    assert link("https://sentry.io/i/1?a=1&b=2", "SHOP-1") == "<https://sentry.io/i/1?a=1&amp;b=2|SHOP-1>"
    assert link("https://sentry.io/i/1", "a|b>c") == "<https://sentry.io/i/1|a¦b&gt;c>"


@pytest.mark.parametrize(
    "url",
    [
        "https://sentry.io@evil.example/",
        "https://evil@sentry.io/",
        "https://sentry.io/|x",
        "https://sentry.io/><!channel>",
        "https://sentry.io/\u202e",
        "https://[broken",
        "javascript:alert(1)",
        "https:///nowhere",
        "https://sentry.io:port/",
    ],
)
def test_any_other_link_is_its_label(url: str) -> None:
    assert link(url, "the *issue*") == escaped("the *issue*")


@given(SHORT, SHORT)
def test_no_link_smuggles_markup(url: str, label: str) -> None:
    assert_harmless(link(url, label), "mrkdwn")
