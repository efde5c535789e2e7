"""Commands are understood however they arrive, and what is none is answered with the nearest."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.common.commands import WORDS, Cancel, Command, Connect, Help, Incidents, Investigate, Status, Unknown
from adapters.slack.inbound.commands import help_text, parse_command

URL = "https://acme.sentry.io/issues/4500123/?project=3&referrer=slack"
CANONICAL: dict[str, Command] = {
    "investigate SHOP-1A2": Investigate("SHOP-1A2"),
    f"investigate {URL}": Investigate(URL),
    "investigate": Investigate(""),
    "help": Help(),
    "incidents": Incidents(""),
    "incidents is:unresolved checkout": Incidents("is:unresolved checkout"),
    "status": Status(),
    "cancel": Cancel(None),
    "cancel 3f2a9c": Cancel("3f2a9c"),
    "connect": Connect(None),
    "connect sentry": Connect("sentry"),
    "SHOP-1A2": Investigate("SHOP-1A2"),
    "4500123": Investigate("4500123"),
    URL: Investigate(URL),
}
MANGLED: dict[str, Callable[[str], str]] = {
    "as typed": lambda text: text,
    "blanks around": lambda text: f"  {text}\n",
    "blanks between": lambda text: text.replace(" ", "   "),
    "non-breaking": lambda text: text.replace(" ", "\xa0"),
    "zero width": lambda text: f"\u200b{text}\ufeff",
    "backticks": lambda text: f"`{text}`",
    "code block": lambda text: f"```{text}```",
    "quotes": lambda text: f'"{text}"',
    "smart quotes": lambda text: f"“{text}”",
    "single smart quotes": lambda text: f"\u2018{text}\u2019",
    "bold": lambda text: f"*{text}*",
    "full stop": lambda text: f"{text}.",
    "question": lambda text: f"{text} ?",
    "linked": lambda text: text.replace(URL, f"<{URL.replace('&', '&amp;')}>"),
    "labelled": lambda text: text.replace(URL, f"<{URL.replace('&', '&amp;')}|acme.sentry.io/issues/4500123>"),
    "capitals": lambda text: text if "://" in text or "3f2a9c" in text else _capitals(text),
}


def _capitals(text: str) -> str:
    word, *rest = text.split(" ", 1)
    return " ".join([word.upper(), *rest])


@pytest.mark.parametrize("mangled", MANGLED.values(), ids=MANGLED.keys())
@pytest.mark.parametrize(("text", "expected"), CANONICAL.items())
def test_every_command_survives_what_slack_and_keyboards_do_to_it(
    text: str, expected: Command, mangled: Callable[[str], str]
) -> None:
    found = parse_command(mangled(text))
    if isinstance(found, Incidents):
        found = Incidents(" ".join(found.query.split()))
    assert found == expected


@given(st.sampled_from(list(CANONICAL)), st.lists(st.sampled_from(list(MANGLED)), max_size=3))
def test_every_command_survives_several_of_these_at_once(text: str, names: list[str]) -> None:
    mangled = text
    for name in names:
        mangled = MANGLED[name](mangled)
    assert type(parse_command(mangled)) is type(CANONICAL[text])


@pytest.mark.parametrize("text", ["", " ", "\xa0", "?", "``", "hi", "Hello!", "help please"])
def test_nothing_to_do_is_answered_with_help(text: str) -> None:
    assert parse_command(text) == Help()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("investigate issue SHOP-1A2 please", Investigate("SHOP-1A2")),
        ("investigate: SHOP-1A2", Investigate("SHOP-1A2")),
        ("investigate SHOP\u20111A2", Investigate("SHOP-1A2")),
        ("investigate the checkout", Investigate("the checkout")),
        ("SHOP-AB", Investigate("SHOP-AB")),
        ("shop-1a2", Investigate("shop-1a2")),
        ("stop it", Cancel(None)),
        ("`  investigate SHOP-1A2\n`.", Investigate("SHOP-1A2")),
        ("`incidents checkout`.", Incidents("checkout")),
        ("status please", Status()),
        ("/status", Status()),
        ('incidents message:"no cart"', Incidents('message:"no cart"')),
        ("incidents message:“no cart”", Incidents('message:"no cart"')),
        ("incidents check*", Incidents("check*")),
    ],
)
def test_people_may_say_it_their_way(text: str, expected: Command) -> None:
    assert parse_command(text) == expected


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("investigat SHOP-1", "investigate"),
        ("incident", "incidents"),
        ("stauts", "status"),
        ("cancle", "cancel"),
        ("conect", "connect"),
        ("hlep", "help"),
        ("pizza", None),
        ("check-out", None),
        ("2026-11-23", None),
        ("https://example.com/", None),
    ],
)
def test_a_slip_is_answered_with_the_nearest_command(text: str, nearest: str | None) -> None:
    assert parse_command(text) == Unknown(text.split()[0], nearest)


@pytest.mark.parametrize("text", ["status of the deploy", "help me understand this", "cancel the order of Ada"])
def test_a_question_that_begins_like_a_command_is_not_taken_for_it(text: str) -> None:
    assert parse_command(text) == Unknown(text, text.split()[0])


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    parse_command(text)


@pytest.mark.parametrize("unit", ["\n", "<", "<https://", "`", "a-", "investigate ", "*_", "<@", "&amp;"])
def test_no_text_takes_long(unit: str) -> None:
    begun = time.process_time()
    parse_command((unit * 40_000)[:40_000])
    assert time.process_time() - begun < 1


class TestHelp:
    """What the help must say."""

    @pytest.mark.parametrize("word", WORDS)
    def test_every_command_has_an_example_that_works(self, word: str) -> None:
        shown = help_text("U0BOT")
        example = shown.split(f"`/logsense {word}", 1)[1].split("`", 1)[0]
        assert not isinstance(parse_command(word + example), Unknown)

    @pytest.mark.parametrize(
        "told",
        [
            "<@U0BOT>",
            "Investigate in LogSense",
            "slash commands cannot be used",
            "mentions somebody else",
            ":white_check_mark:",
            ":+1: :-1:",
            "*Stop*",
        ],
    )
    def test_the_ways_and_rules_are_told(self, told: str) -> None:
        assert told in help_text("U0BOT")

    def test_it_is_read_in_a_moment_and_fits_one_section(self) -> None:
        shown = help_text("U0BOT")
        assert len(shown) < 1_200 and len(shown.splitlines()) <= 16
