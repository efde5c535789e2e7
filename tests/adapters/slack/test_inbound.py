"""What Slack sends is read as what people meant."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.inbound.payloads import (
    Place,
    ReactionMeaning,
    delivery_of,
    mentions_of,
    person_of,
    place_of,
    question_in,
    reaction_in,
    sentry_link_in,
    subject_in,
    without_mention,
)
from core.domain.conversation import PastedEvent
from core.domain.tenancy import Actor
from core.gateways.sentry.payloads import read_event
from tests.adapters.slack.payloads import (
    ADA,
    BOB,
    BOT,
    BUTTON,
    BUTTON_AT_HOME,
    CHANNEL,
    COMMAND,
    ISSUE_URL,
    JAVA,
    NODE,
    PYTHON,
    REPLY,
    ROOT,
    SHORTCUT,
    SUBMISSION,
    Json,
    event_callback,
    reaction,
    reply,
)

RESOLVE = frozenset({"white_check_mark"})
# ---- replies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("who is affected?", "who is affected?"),
        (f"<@{BOT}> who is affected?", "who is affected?"),
        (f"is it <@{BOT}|logsense> bad?", "is it bad?"),
        (f"<@{BOT}> is <@{BOB}|bob> right?", "is @bob right?"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("is &amp;lt; escaped twice?", "is &lt; escaped twice?"),
        ("see <https://example.com/a?b=1&amp;c=2|the page>", "see https://example.com/a?b=1&c=2"),
        ("what of <http://worker.py|worker.py>?", "what of worker.py?"),
        ("in <#C0SHOP|shop> too?", "in #shop too?"),
        ("mail <mailto:ada@example.com|ada@example.com>", "mail ada@example.com"),
        ("no\x00thing\u202e hid\ud800den", "nothing hid?den"),
    ],
)
def test_a_reply_is_a_question_as_it_was_typed(text: str, expected: str) -> None:
    assert question_in(reply(text), BOT) == expected


@pytest.mark.parametrize(
    "other", [f"<@{BOB}>", f"<@{BOB}|bob>", "<!subteam^S0ONCALL|@oncall>", "<!here>", "<!channel|@channel>", "<@W0EVE>"]
)
def test_a_reply_to_somebody_else_is_left_alone_unless_it_mentions_us_too(other: str) -> None:
    assert question_in(reply(f"{other} can you look?"), BOT) is None
    assert question_in(reply(f"{other} <@{BOT}> can you look?"), BOT) is not None


@pytest.mark.parametrize("subtype", ["thread_broadcast", "file_share"])
def test_broadcast_replies_and_those_with_files_are_heard(subtype: str) -> None:
    assert question_in(reply("why?", subtype=subtype), BOT) == "why?"


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B0OTHER"},
        {"user": BOT},
        {"user": None},
        {"subtype": "bot_message"},
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"subtype": []},
        {"edited": {"user": ADA, "ts": REPLY}},
        {"hidden": True},
        {"text": f"<@{BOT}>"},
        {"text": None},
    ],
    ids=str,
)
def test_bots_edits_notices_and_silence_are_no_questions(changes: Json) -> None:
    assert question_in({**reply("why?"), **changes}, BOT) is None


def test_mentions_are_people_groups_and_everybody() -> None:
    text = "<@U0ADA> <@W0EVE|eve> <!subteam^S0ON|@on> <!here> &lt;@U0NOT&gt; <#C0SHOP|shop> <!date^1^{date}|now>"
    assert mentions_of(text) == {"U0ADA", "W0EVE", "S0ON", "here"}


def test_only_our_own_mention_is_taken_out() -> None:
    assert without_mention(f"<@{BOT}>\n<@{BOB}> a  <@{BOT}> b", BOT) == f"<@{BOB}> a  b"


@pytest.mark.parametrize(
    "text", [ISSUE_URL, f"<{ISSUE_URL}>", f" <{ISSUE_URL}|acme.sentry.io/issues> ", f"<{ISSUE_URL}>.", f"`{ISSUE_URL}`"]
)
def test_a_message_that_is_only_a_sentry_link_is_that_link(text: str) -> None:
    assert sentry_link_in(text) == ISSUE_URL


@pytest.mark.parametrize(
    "text",
    [
        f"is <{ISSUE_URL}> the same?",
        f"<{ISSUE_URL}> <{ISSUE_URL}>",
        "<https://example.com/page>",
        "<https://github.com/acme/shop/issues/12>",
        "<https://git.example.com/acme/shop/-/issues/12>",
        "<https://sentry.io/organizations/acme/issues/?project=3>",
        "SHOP-1A2",
        "http://[",
        "",
    ],
)
def test_other_messages_are_not(text: str) -> None:
    assert sentry_link_in(text) is None


# ---- reactions, deliveries, people, places --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("white_check_mark", ReactionMeaning.RESOLVE),
        ("+1", ReactionMeaning.HELPFUL),
        ("thumbsup", ReactionMeaning.HELPFUL),
        ("+1::skin-tone-3", ReactionMeaning.HELPFUL),
        ("-1::skin-tone-6", ReactionMeaning.NOT_HELPFUL),
        ("thumbsdown", ReactionMeaning.NOT_HELPFUL),
        ("heavy_check_mark", None),
        ("eyes", None),
    ],
)
def test_reactions_mean_what_people_mean(name: str, meaning: ReactionMeaning | None) -> None:
    assert reaction_in(reaction(name), RESOLVE) is meaning


def test_the_reaction_that_resolves_is_a_setting_whatever_its_skin() -> None:
    assert reaction_in(reaction("ok_hand::skin-tone-2"), frozenset({"ok_hand"})) is ReactionMeaning.RESOLVE
    assert reaction_in(reaction("white_check_mark"), frozenset({"ok_hand"})) is None


@pytest.mark.parametrize("item", [{"type": "file", "file": "F1"}, None, [], {}])
def test_reactions_on_other_things_than_messages_mean_nothing(item: object) -> None:
    assert reaction_in(reaction("white_check_mark", item=item), RESOLVE) is None


@pytest.mark.parametrize(
    ("body", "delivery"),
    [
        (event_callback(reply("why?")), "slack:Ev0AAAA"),
        (COMMAND, "slack:101.202.c0ffee"),
        (BUTTON, "slack:303.404.c0ffee"),
        (BUTTON_AT_HOME, "slack:505.606.c0ffee"),
        (SHORTCUT, "slack:707.808.c0ffee"),
        (SUBMISSION, "slack:V0SENTRY:1763.bb"),
    ],
)
def test_a_delivery_has_the_id_that_slack_repeats(body: Json, delivery: str) -> None:
    assert delivery_of(body) == delivery


def test_deliveries_without_an_id_are_not_all_the_same_one() -> None:
    assert delivery_of({"text": "a"}) == delivery_of({"text": "a"}) != delivery_of({"text": "b"})


@pytest.mark.parametrize(
    ("body", "person", "place"),
    [
        (COMMAND, Actor(ADA, "ada"), Place(CHANNEL)),
        (BUTTON, Actor(ADA, "ada"), Place(CHANNEL, REPLY, ROOT)),
        ({**BUTTON, "message": None}, Actor(ADA, "ada"), Place(CHANNEL, REPLY)),
        (BUTTON_AT_HOME, Actor(ADA, "ada"), None),
        (SHORTCUT, Actor(ADA, "ada"), Place(CHANNEL, ROOT)),
        (SUBMISSION, Actor(ADA, "ada"), None),
        (event_callback(reply("why?")), Actor(ADA, ADA), Place(CHANNEL, REPLY, ROOT)),
        (event_callback(reaction("eyes")), Actor(ADA, ADA), Place(CHANNEL, REPLY)),
        ({}, None, None),
    ],
)
def test_who_did_it_and_where_is_known(body: Json, person: Actor | None, place: Place | None) -> None:
    assert (person_of(body), place_of(body)) == (person, place)


def test_a_reply_hangs_on_the_root_of_its_thread() -> None:
    assert Place(CHANNEL, REPLY, ROOT).root == ROOT
    assert Place(CHANNEL, ROOT).root == ROOT
    assert Place(CHANNEL).root is None


# ---- anything -------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        "text",
        "user",
        "bot_id",
        "subtype",
        "blocks",
        "attachments",
        "elements",
        "type",
        "item",
        "reaction",
        "view",
        "id",
        "hash",
        "event",
        "event_id",
        "trigger_id",
        "channel",
        "container",
        "message",
        "ts",
        "thread_ts",
        "url",
        "fields",
    ]
)
WORDS = st.sampled_from(
    [PYTHON, JAVA, NODE, ISSUE_URL, "SHOP-1A2", "message", "view_submission", "rich_text_section", "{"]
)
SHAPES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)


@given(st.dictionaries(NAMES, SHAPES, max_size=8))
def test_no_shape_of_a_payload_makes_anything_raise(body: Json) -> None:
    question_in(body, BOT)
    reaction_in(body, RESOLVE)
    person_of(body)
    place_of(body)
    assert delivery_of(body).startswith("slack:")
    subject = subject_in(body)
    if isinstance(subject, PastedEvent):
        read_event(subject.text)


@given(st.text() | WORDS)
def test_no_text_makes_anything_raise(text: str) -> None:
    sentry_link_in(text)
    mentions_of(text)
    without_mention(text, BOT)
    subject_in({"text": text, "attachments": [{"text": text}]})


def test_no_nesting_is_too_deep() -> None:
    nested: Json = {"text": ISSUE_URL}
    for _ in range(5_000):
        nested = {"elements": [nested]}
    assert subject_in({"blocks": [nested]}) is None
    assert subject_in({"text": '{"message":' * 5_000 + "{}"}) is not None


@pytest.mark.parametrize(
    "unit",
    [
        "\n",
        " ",
        "at ",
        "at a(",
        "> ",
        "1 ",
        "{",
        "```",
        "<",
        "<@",
        "<https://",
        "A-",
        "A1-",
        "https://a/issues/1",
        'File "',
    ],
)
def test_no_message_takes_long(unit: str) -> None:
    text = (unit * 40_000)[:40_000]
    begun = time.process_time()
    for message in ({"text": text}, {"text": f"x {text} y"}, {"bot_id": "B", "attachments": [{"text": text}]}):
        subject_in(message)
        question_in({**message, "user": ADA}, BOT)
    assert time.process_time() - begun < 2
