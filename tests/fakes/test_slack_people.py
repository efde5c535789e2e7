"""What the people of our own Slack do, as a real Bolt app hears it."""

from __future__ import annotations

import pytest

from tests.fakes.acme import Acme, error_of
from tests.fakes.bolt_app import BoltApp
from tests.fakes.slack import SlackError

# ---- words and reactions --------------------------------------------------------------------------------------------


async def test_a_message_reaches_the_app_signed_and_in_its_envelope(acme: Acme, app: BoltApp) -> None:
    outcome = await acme.peer.say(acme.maya, acme.channel, "it is down", subtype="me_message")

    (body,) = app.heard
    assert (outcome.status, outcome.event_ids) == (200, [body["event_id"]])
    assert (body["team_id"], body["is_ext_shared_channel"]) == (acme.workspace.id, False)
    assert outcome.message
    assert body["event"] == {
        "type": "message",
        "subtype": "me_message",
        "channel": acme.channel.id,
        "channel_type": "channel",
        "user": acme.maya.id,
        "text": "it is down",
        "team": acme.workspace.id,
        "ts": outcome.message.ts,
        "event_ts": outcome.message.ts,
    }


async def test_a_wrong_signing_secret_is_noticed(acme: Acme) -> None:
    acme.peer.signing_secret = "another"
    async with BoltApp(acme.peer, acme.workspace.bot_token) as app:
        app.listen()
        outcome = await acme.peer.say(acme.maya, acme.channel, "hi")

    assert [answer.status for answer in outcome.answers] == [401] * 4
    assert app.heard == []


async def test_a_mention_comes_twice_with_its_thread(acme: Acme, app: BoltApp) -> None:
    root = (await acme.peer.say(acme.maya, acme.channel, "down")).message
    assert root
    await acme.peer.say(acme.maya, acme.channel, f"{acme.workspace.mention} investigate", root.ts)

    (mention,) = app.events("app_mention")
    message = app.events("message")[-1]
    assert (mention["ts"], mention["thread_ts"], mention["text"]) == (message["ts"], root.ts, message["text"])
    assert len({body["event_id"] for body in app.heard}) == 3


async def test_a_mention_in_direct_messages_is_a_message_alone(acme: Acme, app: BoltApp) -> None:
    direct = acme.workspace.direct_messages(acme.maya)

    await acme.peer.say(acme.maya, direct, f"{acme.workspace.mention} hi")

    assert [body["event"]["channel_type"] for body in app.heard] == ["im"]


async def test_of_channels_without_the_bot_nothing_is_heard(acme: Acme, app: BoltApp) -> None:
    elsewhere = acme.workspace.add_channel("elsewhere", acme.maya, with_bot=False)

    outcome = await acme.peer.say(acme.maya, elsewhere, f"{acme.workspace.mention} hi")
    assert outcome.message
    await acme.peer.react(acme.maya, outcome.message, "eyes")

    assert (outcome.answers, app.heard) == ([], [])
    acme.peer.invite(elsewhere)
    await acme.peer.say(acme.maya, elsewhere, "and now?")
    assert len(app.heard) == 1


async def test_without_the_scope_nothing_is_heard(acme: Acme, app: BoltApp) -> None:
    assert acme.workspace.grant
    acme.workspace.grant.scopes -= {"channels:history"}

    await acme.peer.say(acme.maya, acme.channel, f"{acme.workspace.mention} hi")

    assert [body["event"]["type"] for body in app.heard] == ["app_mention"]


async def test_the_bot_hears_of_its_own_messages_and_edits(acme: Acme) -> None:
    async with BoltApp(acme.peer, acme.workspace.bot_token, ignoring_self_events_enabled=False) as app:
        app.listen()
        ts = await acme.post()
        await acme.peer.settle()
        await acme.client.chat_update(channel=acme.channel.id, ts=ts, text="Done.")
        await acme.peer.settle()

    posted, edited = app.events("message")
    assert acme.workspace.grant
    assert (posted["bot_id"], posted["user"]) == (acme.workspace.grant.bot_id, acme.workspace.bot_user_id)
    assert (edited["subtype"], edited["message"]["text"]) == ("message_changed", "Done.")
    assert edited["previous_message"]["text"] == "Looking into it."


async def test_edits_and_deletions_by_people_are_told(acme: Acme, app: BoltApp) -> None:
    message = (await acme.peer.say(acme.maya, acme.channel, "dwon")).message
    assert message

    await acme.peer.edit(acme.maya, message, "down")
    await acme.peer.delete(acme.maya, message)

    told = app.events("message")[1:]
    assert [each["subtype"] for each in told] == ["message_changed", "message_deleted"]
    assert (told[0]["message"]["text"], told[1]["deleted_ts"]) == ("down", message.ts)
    assert acme.channel.messages == {}


async def test_a_reaction_names_the_message_and_neither_text_nor_thread(acme: Acme, app: BoltApp) -> None:
    message = acme.channel.messages[await acme.post()]

    await acme.peer.react(acme.maya, message, "white_check_mark")
    await acme.peer.unreact(acme.maya, message, "white_check_mark")

    (added,), (removed,) = app.events("reaction_added"), app.events("reaction_removed")
    assert added["item"] == removed["item"] == {"type": "message", "channel": acme.channel.id, "ts": message.ts}
    assert (added["user"], added["item_user"]) == (acme.maya.id, acme.workspace.bot_user_id)
    assert not {"text", "thread_ts"} & set(added)
    with pytest.raises(SlackError, match="no_reaction"):
        await acme.peer.unreact(acme.maya, message, "white_check_mark")


async def test_a_stranger_speaks_in_a_shared_channel_for_another_team(acme: Acme, app: BoltApp) -> None:
    eve = acme.peer.add_workspace("Evil", installed=False).add_user("eve")
    shared = acme.workspace.add_channel("shared", eve, is_ext_shared=True)

    await acme.peer.say(eve, shared, "hello")

    (body,) = app.heard
    assert (body["team_id"], body["is_ext_shared_channel"]) == (acme.workspace.id, True)
    assert body["event"]["user_team"] == eve.workspace.id


async def test_other_bots_have_ids_of_their_own(acme: Acme, app: BoltApp) -> None:
    alerts = acme.workspace.add_user("alerts", is_bot=True)
    acme.channel.members.add(alerts.id)

    outcome = await acme.peer.say(alerts, acme.channel, "", subtype="bot_message", attachments=[{"text": "boom"}])

    (event,) = app.events("message")
    assert event["attachments"] == [{"text": "boom"}]
    assert outcome.message and event["bot_id"] and not outcome.message.is_ours


# ---- leaving --------------------------------------------------------------------------------------------------------


async def test_uninstalling_kills_the_token_and_tells_the_app(acme: Acme, app: BoltApp) -> None:
    await acme.peer.uninstall(acme.workspace)
    await acme.peer.say(acme.maya, acme.channel, "anybody there?")

    assert [body["event"]["type"] for body in app.heard] == ["tokens_revoked", "app_uninstalled"]
    assert app.heard[0]["event"]["tokens"]["bot"] == [acme.workspace.bot_user_id]
    assert await error_of(acme.client.auth_test()) == "account_inactive"


async def test_revoked_tokens_are_told_and_dead(acme: Acme, app: BoltApp) -> None:
    await acme.peer.revoke_tokens(acme.workspace)

    assert [body["event"]["type"] for body in app.heard] == ["tokens_revoked"]
    assert await error_of(acme.client.auth_test()) == "token_revoked"
