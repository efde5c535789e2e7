"""What Teams sends is read as what people meant."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.common.commands import Cancel, Connect, Help, Incidents, Investigate, Status, Unknown
from adapters.teams.inbound.activities import (
    Asked,
    Overheard,
    Pressed,
    ReactionMeaning,
    delivery_of,
    event_of,
    person_of,
    reaction_meaning,
    read_invoke,
    read_message,
    read_reactions,
)
from adapters.teams.inbound.commands import Join
from adapters.teams.inbound.ids import CHAT, Action, conversation_id, conversation_of, message_ref
from adapters.teams.inbound.message_text import written_in
from core.domain.conversation import (
    Again,
    Cancellation,
    ConversationRef,
    Feedback,
    InvestigationRequest,
    IssueText,
    PastedEvent,
    Resolution,
)
from core.domain.tenancy import Actor, Platform, WorkspaceRef
from tests.adapters.slack.payloads import JAVA, NODE, PYTHON
from tests.adapters.teams.activities import (
    ADA,
    APP,
    CHANNEL,
    GROUP,
    IN_GROUP,
    ISSUE_URL,
    PERSONAL,
    REPLY,
    ROOT,
    TENANT,
    TO_BOB,
    US,
    Json,
    executed,
    mention,
    message,
    reacted,
    span,
    submitted,
    thread,
    written,
)

WORKSPACE = WorkspaceRef(Platform.TEAMS, TENANT.lower())
THREAD = ConversationRef(WORKSPACE, CHANNEL, ROOT)


def asked(activity: Json) -> Asked:
    found = read_message(activity)
    assert isinstance(found, Asked)
    return found


# ---- whose it is ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("<at>LogSense</at> investigate SHOP-1A2", Investigate("SHOP-1A2")),
        ("<at>LogSense</at>&nbsp;investigate SHOP-1A2\n", Investigate("SHOP-1A2")),
        ("<at>LogSense</at> SHOP-1A2 please", Unknown("SHOP-1A2", None)),
        (f"<at>LogSense</at> investigate {ISSUE_URL.replace('&', '&amp;')}", Investigate(ISSUE_URL)),
        ("investigate SHOP-1A2 <at>LogSense</at>", Investigate("SHOP-1A2")),
        ("<at>LogSense</at>", Help()),
        ("<at>LogSense</at> incidents is:unresolved", Incidents("is:unresolved")),
        ("<at>LogSense</at> Status.", Status()),
        ("<at>LogSense</at> cancel", Cancel(None)),
        ("<at>LogSense</at> cancel 3f2a9c", Cancel("3f2a9c")),
        ("<at>LogSense</at> connect sentry", Connect("sentry")),
        ("<at>LogSense</at> join aB3-_x", Join("aB3-_x")),
        ("<at>LogSense</at> join", Join("")),
    ],
)
def test_a_mention_is_a_command(text: str, command: object) -> None:
    assert asked(message(text, US)).command == command


def test_where_and_who_is_known() -> None:
    origin = asked(message("<at>LogSense</at> status", US)).origin
    assert origin.conversation == THREAD
    assert origin.actor == Actor(ADA, "Ada Lovelace")
    assert origin.delivery_id == f"teams:{CHANNEL};messageid={ROOT}:{REPLY}"
    assert conversation_id(origin.conversation) == f"{CHANNEL};messageid={ROOT}"


def test_in_one_to_one_chats_no_mention_is_needed() -> None:
    found = asked(message("investigate SHOP-1A2", where=PERSONAL))
    assert (found.command, found.is_personal) == (Investigate("SHOP-1A2"), True)
    assert found.origin.conversation == ConversationRef(WORKSPACE, "a:1personal", CHAT)
    assert conversation_id(found.origin.conversation) == "a:1personal"


def test_in_group_chats_only_a_mention_counts() -> None:
    assert read_message(message("investigate SHOP-1A2", where=IN_GROUP)) is None
    found = asked(message("<at>LogSense</at> investigate SHOP-1A2", US, where=IN_GROUP))
    assert found.origin.conversation == ConversationRef(WORKSPACE, GROUP, CHAT)


def test_a_reply_without_a_mention_is_overheard_and_a_new_post_is_not() -> None:
    reply = read_message(message("who is affected?"))
    assert isinstance(reply, Overheard)
    assert (reply.question, reply.link, reply.origin.conversation) == ("who is affected?", None, THREAD)
    assert read_message(message("anybody here?", where=thread(REPLY))) is None


def test_a_reply_that_is_only_a_sentry_link_is_that_link() -> None:
    reply = read_message(message(ISSUE_URL))
    assert isinstance(reply, Overheard)
    assert reply.link == ISSUE_URL


def test_a_reply_to_somebody_else_is_left_alone_unless_it_mentions_us_too() -> None:
    assert read_message(message("<at>Bob</at> can you look?", TO_BOB)) is None
    both = message("<at>Bob</at> <at>LogSense</at> is right?", TO_BOB, US)
    assert asked(both).question == "@Bob is right?"


def test_somebody_who_is_called_as_we_are_is_not_us() -> None:
    namesake = mention("29:1namesake", "LogSense")
    assert read_message(message("<at>LogSense</at> can you look?", namesake)) is None
    both = message("<at>LogSense</at> <at>LogSense</at> status", namesake, US)
    assert asked(both).question == "@LogSense status"


def test_a_mention_that_was_only_typed_is_none() -> None:
    reply = read_message(message("<at>LogSense</at> investigate SHOP-1A2"))
    assert isinstance(reply, Overheard)


@pytest.mark.parametrize(
    "changes",
    [
        {"from": {"id": APP, "name": "LogSense"}},
        {"from": {"id": "28:other-bot", "name": "Other"}},
        {"from": {"id": "x", "role": "bot"}},
        {"from": {}},
        {"from": None},
        {"type": "messageUpdate"},
        {"type": "typing"},
        {"text": " ", "entities": []},
        {"text": None, "entities": None},
        {"channelData": {}, "conversation": {"id": "a:1"}},
        {"channelData": {"tenant": {"id": "a/../b"}}},
        {"conversation": {"tenantId": TENANT}},
    ],
    ids=str,
)
def test_bots_edits_silence_and_strangers_are_not_heard(changes: Json) -> None:
    assert read_message({**message("<at>LogSense</at> status", US), **changes}) is None


# ---- what was written -----------------------------------------------------------------------------------------------


def test_html_keeps_lines_code_and_addresses_that_the_text_loses() -> None:
    markup = (
        f"<div><p>{span('LogSense')}&nbsp;investigate</p>\n<p>a &lt; b &amp;&amp; c<br>next</p>\n<p>&nbsp;</p>\n"
        '<p>see <a href="https://example.com/a?b=1&amp;c=2">the page</a>, <a href="http://worker.py">worker.py</a></p>'
        '<codeblock class=""><code>def f():<br>    return 1</code></codeblock></div>'
    )
    found = written_in(written(markup, US, text="<at>LogSense</at> investigate a b next"), APP)
    assert found.text.split("\n") == [
        " investigate",
        "a < b && c",
        "next",
        "",
        "see https://example.com/a?b=1&c=2, worker.py",
        "```",
        "def f():",
        "    return 1",
        "```",
    ]


@pytest.mark.parametrize("trace", [PYTHON, JAVA, NODE])
def test_a_pasted_trace_is_a_subject_however_it_was_pasted(trace: str) -> None:
    lines = trace.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split("\n")
    for markup in (
        "".join(f"<p>{line.replace(' ', '&nbsp;')}</p>\n" for line in lines),
        "<br>".join(lines),
        f"<pre>{chr(10).join(lines)}</pre>",
        f"<codeblock><code>{'<br>'.join(lines)}</code></codeblock>",
    ):
        found = asked(written(f"<div>{span('LogSense')} investigate {markup}</div>", US)).subject
        assert isinstance(found, PastedEvent)
        assert found.origin == "a Teams message"
        assert lines[1].strip().replace("&lt;", "<").replace("&gt;", ">") in found.text.replace('\\"', '"')


def test_a_quoted_reply_is_no_part_of_what_was_said() -> None:
    quote = (
        '<blockquote itemscope itemtype="http://schema.skype.com/Reply" itemid="1"><strong>Bob</strong>'
        f"<p>Boom in production: {ISSUE_URL}</p></blockquote>"
    )
    found = asked(written(f"{quote}<p>{span('LogSense')} investigate</p>", US, where=IN_GROUP))
    assert found.command == Investigate("")
    assert found.subject is None
    assert found.quoted_subject == IssueText(ISSUE_URL)


def test_mentions_are_told_apart_by_their_order() -> None:
    namesake = mention("29:1namesake", "LogSense")
    markup = f"<p>{span('LogSense', 0)} and {span('LogSense', 1)} status</p>"
    assert written_in(written(markup, namesake, US), APP).text == "@LogSense and status"


def test_a_mention_that_teams_does_not_explain_is_its_words() -> None:
    assert written_in(written(f"<p>{span('Bob')} hi</p>"), APP).text == "Bob hi"


# ---- buttons --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("press", [executed, submitted])
def test_a_button_is_the_same_whichever_way_the_client_sends_it(press: Any) -> None:
    pressed = read_invoke(press("save_sentry", "", sentry_token="s3cret"))
    assert isinstance(pressed, Pressed)
    assert (pressed.action, pressed.value) == (Action.SAVE_SENTRY, "")
    assert pressed.inputs == {"sentry_token": "s3cret"}
    assert pressed.message == message_ref(THREAD, REPLY)
    assert "s3cret" not in repr(pressed)
    assert read_message(press("stop_investigation", "k3v9")) is None


@pytest.mark.parametrize("verb", ["", "format_disk", "Stop_Investigation"])
def test_what_is_no_button_of_ours_is_not_pressed(verb: str) -> None:
    assert read_invoke(executed(verb, "k3v9")) is None
    assert read_invoke({**executed("stop_investigation", "k3v9"), "name": "task/fetch"}) is None


@pytest.mark.parametrize("action", list(Action))
def test_buttons_ask_what_they_say(action: Action) -> None:
    pressed = read_invoke(executed(action, "k3v9"))
    assert pressed is not None
    by = (pressed.origin.delivery_id, THREAD, Actor(ADA, "Ada Lovelace"))
    expected = {
        Action.STOP: Cancellation(*by, "k3v9"),
        Action.WRONG: Feedback(*by, False, "k3v9"),
        Action.RESOLVE: Resolution(*by, True, investigation_id="k3v9"),
        Action.REOPEN: Resolution(*by, False, investigation_id="k3v9"),
        Action.AGAIN: InvestigationRequest(*by, Again("k3v9")),
        Action.INVESTIGATE: InvestigationRequest(*by, IssueText("k3v9")),
    }
    assert event_of(pressed) == expected.get(action)


# ---- reactions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        ("like", ReactionMeaning.HELPFUL),
        ("1f44d_yes-tone3", ReactionMeaning.HELPFUL),
        ("yes-tone5", ReactionMeaning.HELPFUL),
        ("👍🏽", ReactionMeaning.HELPFUL),
        ("1f44e_no", ReactionMeaning.NOT_HELPFUL),
        ("no-tone2", ReactionMeaning.NOT_HELPFUL),
        ("2705_whiteheavycheckmark", ReactionMeaning.RESOLVE),
        ("✅", ReactionMeaning.RESOLVE),
        ("heart", None),
        ("1f440_eyes", None),
        ("", None),
    ],
)
def test_reactions_mean_what_people_mean(kind: str, meaning: ReactionMeaning | None) -> None:
    assert reaction_meaning(kind) is meaning


def test_what_is_taken_off_comes_before_what_is_added_in_one_activity() -> None:
    removed, resolved, wrong = read_reactions(reacted(("2705_whiteheavycheckmark", "no", "heart"), ("like",)))
    target = message_ref(THREAD, REPLY)
    assert isinstance(removed, Feedback) and removed.helpful is None
    assert isinstance(resolved, Resolution) and resolved.on
    assert isinstance(wrong, Feedback) and wrong.helpful is False
    assert {one.message for one in (removed, resolved, wrong)} == {target}
    assert len({one.delivery_id for one in (removed, resolved, wrong)}) == 3


@pytest.mark.parametrize("changes", [{"replyToId": None}, {"from": {"id": APP}}, {"reactionsAdded": "like"}], ids=str)
def test_reactions_on_nothing_or_by_bots_mean_nothing(changes: Json) -> None:
    assert read_reactions({**reacted(("like",)), **changes}) == ()


# ---- deliveries -----------------------------------------------------------------------------------------------------


def test_deliveries_without_an_id_are_not_all_the_same_one() -> None:
    first, second = ({**message(text), "id": None} for text in "ab")
    assert delivery_of(first) == delivery_of(dict(first)) != delivery_of(second)


# ---- anything -------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        "type",
        "id",
        "text",
        "from",
        "recipient",
        "conversation",
        "conversationType",
        "channelData",
        "tenant",
        "tenantId",
        "entities",
        "mentioned",
        "name",
        "value",
        "action",
        "data",
        "logsense",
        "attachments",
        "contentType",
        "content",
        "replyToId",
        "reactionsAdded",
        "reactionsRemoved",
    ]
)
WORDS = st.sampled_from(
    [
        "message",
        "invoke",
        "messageReaction",
        "adaptiveCard/action",
        "mention",
        "text/html",
        "like",
        "stop_investigation",
        "<at>LogSense</at>",
        "<blockquote><a href='https://x'>",
        "</pre></p></span></blockquote>",
        APP,
        PYTHON,
    ]
)
SHAPES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)


@given(st.dictionaries(NAMES, SHAPES, max_size=8), st.sampled_from((message("x", US), executed("x", "y"), reacted())))
def test_no_shape_of_an_activity_makes_anything_raise(changes: Json, activity: Json) -> None:
    for shape in (changes, {**activity, **changes}):
        read_message(shape)
        read_invoke(shape)
        read_reactions(shape)
        person_of(shape)
        conversation_of(shape)
        assert delivery_of(shape).startswith("teams:")


@given(st.text() | st.lists(WORDS | st.text(max_size=9)).map("".join))
def test_no_markup_makes_anything_raise(text: str) -> None:
    for activity in (message(text, US, where=PERSONAL), written(text or "x", US, where=PERSONAL)):
        read_message(activity)


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<at>",
        "<p>",
        "<pre>",
        "&",
        "&lt;",
        "\n",
        " ",
        "<blockquote>",
        "<a href=x>",
        "</p>",
        "<!--",
        "<at ",
        "join ",
    ],
)
def test_no_message_takes_long(unit: str) -> None:
    text = (unit * 30_000)[:60_000]
    begun = time.process_time()
    read_message(message(text, US, where=PERSONAL))
    read_message(written(text, US, where=PERSONAL))
    assert time.process_time() - begun < 2
