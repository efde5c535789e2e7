"""The Web API of our own Slack, called by the real SDK."""

from __future__ import annotations

from typing import Any

from tests.fakes.acme import Acme, error_of, refusal

MARK = {"event_type": "logsense_post", "event_payload": {"key": "report/1"}}
DIVIDER = {"type": "divider"}


# ---- posting and editing --------------------------------------------------------------------------------------------


async def test_a_post_stands_in_the_channel_with_its_blocks_and_metadata(acme: Acme) -> None:
    ts = await acme.post(blocks=[DIVIDER], metadata=MARK)

    message = acme.channel.messages[ts]
    assert (message.text, message.blocks, message.metadata, message.is_ours) == (
        "Looking into it.",
        [DIVIDER],
        MARK,
        True,
    )


async def test_timestamps_of_a_channel_always_grow(acme: Acme) -> None:
    stamps = [(await acme.peer.say(acme.maya, acme.channel, "hm")).message for _ in range(50)]

    written = [float(each.ts) for each in stamps if each]
    assert written == sorted(set(written))


async def test_two_workspaces_may_have_the_same_channel_and_thread_ids(acme: Acme) -> None:
    other = acme.peer.add_workspace("Other")
    bo = other.add_user("bo", id=acme.maya.id)
    twin = other.add_channel("incidents", bo, id=acme.channel.id)
    ours = await acme.peer.say(acme.maya, acme.channel, "ours", ts="1700000000.000100")
    theirs = await acme.peer.say(bo, twin, "theirs", ts="1700000000.000100")
    assert ours.message and theirs.message and ours.message.ts == theirs.message.ts

    found = await acme.client_of(other.bot_token).conversations_history(channel=twin.id)

    assert [each["text"] for each in found["messages"]] == ["theirs"]


async def test_an_edit_changes_what_it_names_keeps_the_rest_and_the_history(acme: Acme) -> None:
    ts = await acme.post(blocks=[DIVIDER], metadata=MARK)
    acme.clock.now += 7

    await acme.client.chat_update(channel=acme.channel.id, ts=ts, text="Done.")

    message = acme.channel.messages[ts]
    assert (message.text, message.blocks, message.metadata) == ("Done.", [DIVIDER], MARK)
    assert [each.text for each in message.versions] == ["Looking into it.", "Done."]
    assert message.versions[1].at - message.versions[0].at == 7


async def test_only_own_messages_can_be_edited(acme: Acme) -> None:
    theirs = (await acme.peer.say(acme.maya, acme.channel, "mine")).message
    assert theirs
    edit = acme.client.chat_update

    assert await error_of(edit(channel=acme.channel.id, ts=theirs.ts, text="x")) == "cant_update_message"
    assert await error_of(edit(channel=acme.channel.id, ts="1.000001", text="x")) == "message_not_found"


async def test_metadata_comes_back_only_when_asked_for(acme: Acme) -> None:
    root = await acme.post(metadata=MARK)
    reply = await acme.post(metadata=MARK, thread_ts=root)
    where: dict[str, Any] = {"channel": acme.channel.id, "ts": root}

    plain = await acme.client.conversations_replies(**where)
    full = await acme.client.conversations_replies(**where, include_all_metadata=True)
    history = await acme.client.conversations_history(channel=acme.channel.id, include_all_metadata=True)

    assert not any("metadata" in each for each in plain["messages"])
    assert [(each["ts"], each["metadata"]) for each in full["messages"]] == [(root, MARK), (reply, MARK)]
    assert [(each["ts"], each["metadata"], each["reply_count"]) for each in history["messages"]] == [(root, MARK, 1)]


async def test_history_comes_in_pages_newest_first(acme: Acme) -> None:
    written = [await acme.post(text=f"{number}") for number in range(5)]

    first = await acme.client.conversations_history(channel=acme.channel.id, limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    second = await acme.client.conversations_history(channel=acme.channel.id, limit=3, cursor=cursor)

    assert [each["ts"] for page in (first, second) for each in page["messages"]] == written[::-1]
    assert (first["has_more"], second["has_more"]) == (True, False)


async def test_a_post_to_a_person_goes_to_their_direct_messages(acme: Acme) -> None:
    posted = await acme.client.chat_postMessage(channel=acme.maya.id, text="psst")

    assert posted["channel"] == acme.workspace.direct_messages(acme.maya).id
    opened = await acme.client.conversations_open(users=acme.maya.id)
    assert opened["channel"]["id"] == posted["channel"]


async def test_an_ephemeral_message_is_for_one_member_and_in_no_history(acme: Acme) -> None:
    outsider = acme.workspace.add_user("outsider")

    await acme.client.chat_postEphemeral(channel=acme.channel.id, user=acme.maya.id, text="psst")

    assert [(each.user, each.text) for each in acme.peer.state.ephemerals] == [(acme.maya.id, "psst")]
    assert acme.channel.messages == {}
    refused = acme.client.chat_postEphemeral(channel=acme.channel.id, user=outsider.id, text="psst")
    assert await error_of(refused) == "user_not_in_channel"


# ---- who may what ---------------------------------------------------------------------------------------------------


async def test_tokens_are_checked(acme: Acme) -> None:
    assert await error_of(acme.client_of("xoxb-wrong").auth_test()) == "invalid_auth"
    assert await error_of(acme.client_of(None).auth_test()) == "not_authed"
    assert (await acme.client.auth_test())["user_id"] == acme.workspace.bot_user_id
    await acme.client.auth_revoke()
    assert await error_of(acme.client.auth_test()) == "token_revoked"


async def test_a_missing_scope_is_named(acme: Acme) -> None:
    narrow = acme.peer.add_workspace("Narrow", scopes="chat:write")

    refused = await refusal(acme.client_of(narrow.bot_token).users_info(user=narrow.bot_user_id))

    assert (refused["error"], refused["needed"], refused["provided"]) == ("missing_scope", "users:read", "chat:write")


async def test_the_bot_must_be_in_the_channel_and_may_join_public_ones(acme: Acme) -> None:
    public = acme.workspace.add_channel("public", acme.maya, with_bot=False)
    private = acme.workspace.add_channel("private", acme.maya, private=True, with_bot=False)

    assert await error_of(acme.client.chat_postMessage(channel=public.id, text="hi")) == "not_in_channel"
    assert await error_of(acme.client.chat_postMessage(channel=private.id, text="hi")) == "channel_not_found"
    assert await error_of(acme.client.conversations_join(channel=private.id)) == "channel_not_found"
    await acme.client.conversations_join(channel=public.id)
    await acme.client.chat_postMessage(channel=public.id, text="hi")


async def test_a_token_reaches_no_other_workspace(acme: Acme) -> None:
    other = acme.peer.add_workspace("Other")
    theirs = other.add_channel("theirs")

    assert await error_of(acme.client.conversations_info(channel=theirs.id)) == "channel_not_found"


async def test_an_org_wide_token_reaches_every_workspace_of_the_enterprise(acme: Acme) -> None:
    grid = acme.peer.add_enterprise("Grid", installed=True)
    channels = [acme.peer.add_workspace(name, enterprise=grid).add_channel("ops") for name in ("East", "West")]
    assert grid.grant
    client = acme.client_of(grid.grant.token)

    for channel in channels:
        await client.chat_postMessage(channel=channel.id, text="hi", team_id=channel.workspace.id)

    assert all(len(channel.posts_of_bot()) == 1 for channel in channels)
    assert (await client.auth_test())["is_enterprise_install"] is True


async def test_a_channel_says_who_reads_it(acme: Acme) -> None:
    shared = acme.workspace.add_channel("shared", acme.maya, with_bot=False, is_ext_shared=True)

    seen = (await acme.client.conversations_info(channel=shared.id))["channel"]

    assert (seen["name"], seen["is_ext_shared"], seen["is_member"], seen["is_private"]) == (
        "shared",
        True,
        False,
        False,
    )


async def test_people_of_other_companies_are_strangers(acme: Acme) -> None:
    eve = acme.peer.add_workspace("Evil").add_user("eve", is_admin=True)
    acme.workspace.add_channel("shared", acme.maya, eve, is_ext_shared=True)

    seen = (await acme.client.users_info(user=eve.id))["user"]

    assert (seen["is_stranger"], seen["team_id"], "is_admin" in seen) == (True, eve.workspace.id, False)
    assert (await acme.client.users_info(user=acme.maya.id))["user"]["is_admin"] is True


# ---- reactions, links, files, status --------------------------------------------------------------------------------


async def test_reactions_are_added_once_shown_and_removed(acme: Acme) -> None:
    where: dict[str, Any] = {"channel": acme.channel.id, "timestamp": await acme.post()}
    client = acme.client

    await client.reactions_add(**where, name="eyes")
    assert await error_of(client.reactions_add(**where, name="eyes")) == "already_reacted"
    shown = (await client.reactions_get(**where))["message"]["reactions"]
    assert shown == [{"name": "eyes", "users": [acme.workspace.bot_user_id], "count": 1}]
    await client.reactions_remove(**where, name="eyes")
    assert await error_of(client.reactions_remove(**where, name="eyes")) == "no_reaction"


async def test_permalinks_name_message_and_thread(acme: Acme) -> None:
    root = await acme.post()
    reply = await acme.post(thread_ts=root)

    link = (await acme.client.chat_getPermalink(channel=acme.channel.id, message_ts=reply))["permalink"]

    assert f"/archives/{acme.channel.id}/p{reply.replace('.', '')}?thread_ts={root}" in link


async def test_a_file_is_uploaded_in_three_steps_and_stands_in_the_thread(acme: Acme) -> None:
    root = await acme.post()

    await acme.client.files_upload_v2(
        channel=acme.channel.id, thread_ts=root, content=b"\x89PNG", filename="f.png", title="Events", alt_txt="A chart"
    )

    (message,) = acme.channel.messages[root].replies()
    (file,) = message.files
    assert (file.content, file.filename, file.title, file.alt_text) == (b"\x89PNG", "f.png", "Events", "A chart")
    assert file.message is message


async def test_a_file_whose_bytes_never_came_is_not_shared(acme: Acme) -> None:
    asked = await acme.client.files_getUploadURLExternal(filename="f.png", length=3)
    async with acme.session.post(asked["upload_url"], data=b"four") as response:
        assert response.status == 400

    shared = acme.client.files_completeUploadExternal(files=[{"id": asked["file_id"]}], channel_id=acme.channel.id)

    assert await error_of(shared) == "file_not_found"


async def test_the_status_of_a_thread_is_kept(acme: Acme) -> None:
    root = await acme.post()

    await acme.client.assistant_threads_setStatus(channel_id=acme.channel.id, thread_ts=root, status="is looking")

    assert acme.peer.state.statuses[0]["status"] == "is looking"
