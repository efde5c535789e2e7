"""The manifest says what the code does, no more and no less."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner

from adapters.slack.app import EVENTS_PATH
from adapters.slack.inbound.ids import COMMAND, Callback
from adapters.slack.install.manifest import bot_scopes, manifest
from adapters.slack.install.oauth import REDIRECT_PATH
from bot.__main__ import main
from tests.fakes.slack import BOT_SCOPES

ROOT = Path(__file__).parents[2]
METHODS_OF = {
    "app_mentions:read": ("app_mention",),
    "assistant:write": ("assistant_threads_setStatus",),
    "channels:history": ("conversations_history", "conversations_replies"),
    "channels:join": ("conversations_join",),
    "channels:read": ("conversations_info",),
    "chat:write": ("chat_postMessage", "chat_update"),
    "commands": ("app.command", "app.shortcut"),
    "files:read": ("files_info", "url_private"),
    "files:write": ("files_upload_v2",),
    "groups:history": ("conversations_replies",),
    "groups:read": ("conversations_info",),
    "im:history": ('"im"',),
    "mpim:history": ("conversations_replies",),
    "mpim:read": ("conversations_info",),
    "reactions:read": ("reaction_added",),
    "users:read": ("users_info",),
}
"""What in the code each scope is for."""


def _code() -> str:
    return "\n".join(path.read_text() for path in (ROOT / "adapters" / "slack").rglob("*.py"))


def test_every_scope_is_used_and_explained_and_no_other_is_asked_for() -> None:
    assert set(bot_scopes()) == set(METHODS_OF)
    code = _code()
    assert [scope for scope, uses in METHODS_OF.items() if not any(use in code for use in uses)] == []
    page = (ROOT / "docs" / "get-started" / "slack.md").read_text()
    assert [scope for scope in bot_scopes() if f"`{scope}`" not in page] == []


def test_every_event_is_listened_to_and_no_other_is_sent() -> None:
    code = _code()
    events = manifest()["settings"]["event_subscriptions"]["bot_events"]
    heard = {"message" if event.startswith("message.") else event for event in events}
    assert [event for event in heard if f'"{event}"' not in code] == []


def test_addresses_commands_and_shortcuts_are_those_of_the_code() -> None:
    told = manifest(public_url="https://logsense.acme.dev/")
    events = f"https://logsense.acme.dev{EVENTS_PATH}"
    assert told["settings"]["event_subscriptions"]["request_url"] == events
    assert told["settings"]["interactivity"]["request_url"] == events
    assert [command["url"] for command in told["features"]["slash_commands"]] == [events]
    assert [command["command"] for command in told["features"]["slash_commands"]] == [COMMAND]
    assert told["oauth_config"]["redirect_urls"] == [f"https://logsense.acme.dev{REDIRECT_PATH}"]
    assert [shortcut["callback_id"] for shortcut in told["features"]["shortcuts"]] == [Callback.INVESTIGATE_MESSAGE]
    assert told["settings"]["token_rotation_enabled"] is False, "rotation would need refreshes that we do not make"


def test_slacks_limits_on_names_hold() -> None:
    told = manifest()
    assert len(told["display_information"]["name"]) <= 35
    assert len(told["display_information"]["description"]) <= 140
    assert 174 <= len(told["display_information"]["long_description"]) <= 4_000
    assert all(len(shortcut["name"]) <= 24 for shortcut in told["features"]["shortcuts"])
    assert all(len(shortcut["description"]) <= 150 for shortcut in told["features"]["shortcuts"])
    assert all(len(command["description"]) <= 2_000 for command in told["features"]["slash_commands"])


def test_the_command_prints_it_for_the_slack_cli(tmp_path: Path) -> None:
    environment = {"LOGSENSE_HOME": str(tmp_path)}
    printed = CliRunner().invoke(main, ["manifest", "--json", "--url", "https://a.dev"], env=environment)
    assert printed.exit_code == 0
    assert json.loads(printed.output) == manifest(public_url="https://a.dev")
    text = CliRunner().invoke(main, ["manifest"], env=environment).output
    assert re.search(r"channels:history +# ", text), "each scope says why"


def test_the_peer_grants_what_the_manifest_asks_for() -> None:
    assert set(bot_scopes()) <= set(BOT_SCOPES.split(","))
