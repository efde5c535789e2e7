"""Commands, buttons, shortcuts and forms of our own Slack, as a real Bolt app hears them."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.fakes.acme import Acme, error_of
from tests.fakes.bolt_app import BoltApp

BUTTON = {"type": "button", "action_id": "stop", "value": "i1", "text": {"type": "plain_text", "text": "Stop"}}
ACTIONS = {"type": "actions", "elements": [BUTTON, {**BUTTON, "action_id": "again"}]}
FORM: dict[str, Any] = {
    "type": "modal",
    "callback_id": "sentry_connection",
    "title": {"type": "plain_text", "text": "Connect Sentry"},
    "submit": {"type": "plain_text", "text": "Save"},
    "blocks": [
        {
            "type": "input",
            "block_id": "url",
            "label": {"type": "plain_text", "text": "Address"},
            "element": {"type": "plain_text_input", "action_id": "field", "initial_value": "https://sentry.io"},
        },
        {
            "type": "input",
            "block_id": "writes",
            "optional": True,
            "label": {"type": "plain_text", "text": "Resolving"},
            "element": {
                "type": "checkboxes",
                "action_id": "field",
                "options": [{"text": {"type": "plain_text", "text": "Yes"}, "value": "yes"}],
            },
        },
    ],
}
NOTICE = {"type": "modal", "title": {"type": "plain_text", "text": "One moment"}, "blocks": [{"type": "divider"}]}


async def test_a_command_has_an_answer_at_once_and_five_later(acme: Acme, app: BoltApp) -> None:
    app.ack_with = "On it"
    outcome = await acme.peer.command(acme.maya, acme.channel, "/logsense", "investigate SHOP-1")

    (body,) = app.heard
    assert (body["text"], body["user_id"], body["channel_id"]) == ("investigate SHOP-1", acme.maya.id, acme.channel.id)
    assert "thread_ts" not in body
    statuses = []
    for number in range(6):
        async with acme.session.post(body["response_url"], json={"text": f"{number}"}) as response:
            statuses.append(response.status)
    assert statuses == [200] * 5 + [404]
    assert [each["text"] for each in outcome.responses] == ["On it", "0", "1", "2", "3", "4"]
    assert [each.user for each in acme.peer.state.ephemerals] == [acme.maya.id] * 5


async def test_a_response_url_dies_after_half_an_hour_and_refuses_what_slack_would(acme: Acme, app: BoltApp) -> None:
    await acme.peer.command(acme.maya, acme.channel, "/logsense")
    url = app.heard[0]["response_url"]

    async with acme.session.post(url, json={"text": "x", "blocks": [{"type": "nonsense"}]}) as response:
        assert response.status == 400
    acme.clock.now += 1_801
    async with acme.session.post(url, json={"text": "x"}) as response:
        assert (response.status, await response.text()) == (404, "expired_url")


async def test_a_click_sends_the_button_and_where_it_stood(acme: Acme, app: BoltApp) -> None:
    root = await acme.post()
    message = acme.channel.messages[await acme.post(blocks=[ACTIONS], thread_ts=root)]

    outcome = await acme.peer.click(acme.maya, message, "stop")

    (body,) = app.heard
    (action,) = body["actions"]
    assert (body["type"], action["action_id"], action["value"]) == ("block_actions", "stop", "i1")
    assert (body["container"]["message_ts"], body["container"]["thread_ts"]) == (message.ts, root)
    assert (body["user"]["id"], body["team"]["id"]) == (acme.maya.id, acme.workspace.id)
    assert (body["trigger_id"], body["channel"]["id"]) == (outcome.trigger_id, acme.channel.id)
    with pytest.raises(LookupError, match="no button"):
        await acme.peer.click(acme.maya, message, "resolve")


async def test_a_shortcut_brings_the_whole_message(acme: Acme, app: BoltApp) -> None:
    message = (await acme.peer.say(acme.maya, acme.channel, "Traceback …")).message
    assert message

    await acme.peer.shortcut(acme.maya, message, "investigate_message")

    body = app.heard[-1]
    assert (body["type"], body["callback_id"]) == ("message_action", "investigate_message")
    assert (body["message"]["text"], body["message_ts"]) == ("Traceback …", message.ts)


async def opened(acme: Acme) -> str:
    """The id of the form, open before maya."""
    outcome = await acme.peer.command(acme.maya, acme.channel, "/logsense", "connect")
    view = await acme.client.views_open(trigger_id=str(outcome.trigger_id), view=FORM)
    return str(view["view"]["id"])


async def test_a_form_is_sent_with_what_was_typed_and_what_it_began_with(acme: Acme, app: BoltApp) -> None:
    await acme.peer.submit_view(acme.maya, await opened(acme), {"writes": ["yes"]})

    values = app.heard[-1]["view"]["state"]["values"]
    assert values["url"]["field"]["value"] == "https://sentry.io"
    assert [each["value"] for each in values["writes"]["field"]["selected_options"]] == ["yes"]
    with pytest.raises(LookupError, match="sees no modal"):
        acme.peer.open_view(acme.maya)


async def test_slack_sends_no_form_with_a_gap_or_an_unknown_field(acme: Acme, app: BoltApp) -> None:
    view_id = await opened(acme)

    with pytest.raises(LookupError, match="must be filled in"):
        await acme.peer.submit_view(acme.maya, view_id, {"url": ""})
    with pytest.raises(LookupError, match="has no colour"):
        await acme.peer.submit_view(acme.maya, view_id, {"colour": "red"})


async def test_a_form_stays_with_its_errors_or_shows_what_the_app_answers(acme: Acme, app: BoltApp) -> None:
    view_id = await opened(acme)
    app.ack_with = {"response_action": "errors", "errors": {"url": "Not an address."}}
    refused = await acme.peer.submit_view(acme.maya, view_id, {"url": "x"})
    assert refused.view_errors == {"url": "Not an address."}
    assert acme.peer.open_view(acme.maya).payload == FORM

    app.ack_with = {"response_action": "update", "view": NOTICE}
    await acme.peer.submit_view(acme.maya, view_id, {"url": "y"})
    assert acme.peer.open_view(acme.maya).payload == NOTICE

    await acme.client.views_update(view_id=view_id, view=FORM)
    assert acme.peer.open_view(acme.maya).payload == FORM
    stale = acme.client.views_update(view_id=view_id, hash="stale", view=NOTICE)
    assert await error_of(stale) == "hash_conflict"


async def test_a_trigger_works_once_and_for_three_seconds(acme: Acme, app: BoltApp) -> None:
    first, second = [await acme.peer.command(acme.maya, acme.channel, "/logsense") for _ in range(2)]
    open_with = acme.client.views_open

    await open_with(trigger_id=str(first.trigger_id), view=FORM)
    acme.clock.now += 3.1

    assert await error_of(open_with(trigger_id=str(first.trigger_id), view=FORM)) == "exchanged_trigger_id"
    assert await error_of(open_with(trigger_id=str(second.trigger_id), view=FORM)) == "expired_trigger_id"
    assert await error_of(open_with(trigger_id="1.2.3", view=FORM)) == "invalid_trigger_id"


async def test_modals_stack_three_high(acme: Acme, app: BoltApp) -> None:
    await opened(acme)
    paged = {**NOTICE, "blocks": [ACTIONS]}
    await acme.client.views_update(view_id=acme.peer.open_view(acme.maya).id, view=paged)

    async def push() -> None:
        clicked = await acme.peer.click(acme.maya, acme.peer.open_view(acme.maya), "again")
        await acme.client.views_push(trigger_id=str(clicked.trigger_id), view=paged)

    await push()
    await push()
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        await push()


@pytest.mark.parametrize(
    "broken",
    [
        {**FORM, "title": {"type": "plain_text", "text": "a" * 25}},
        {**FORM, "blocks": [{"type": "divider"}] * 101},
        {**FORM, "blocks": [{"type": "markdown", "text": "no"}]},
        {**FORM, "private_metadata": "a" * 3_001},
        {name: FORM[name] for name in FORM if name != "submit"},
        {**FORM, "colour": "red"},
    ],
)
async def test_views_beyond_the_limits_are_refused(acme: Acme, app: BoltApp, broken: dict[str, Any]) -> None:
    outcome = await acme.peer.command(acme.maya, acme.channel, "/logsense")

    assert (
        await error_of(acme.client.views_open(trigger_id=str(outcome.trigger_id), view=broken)) == "invalid_arguments"
    )


async def test_the_home_tab_is_published_for_who_opened_it(acme: Acme, app: BoltApp) -> None:
    await acme.peer.open_home(acme.maya)
    (event,) = app.events("app_home_opened")

    await acme.client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [ACTIONS]})

    home = acme.peer.state.homes[acme.workspace.id, acme.maya.id]
    await acme.peer.click(acme.maya, home, "stop")
    assert (event["tab"], app.heard[-1]["view"]["type"]) == ("home", "home")
