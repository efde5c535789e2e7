"""What people type after our name or our slash command. Pure."""

from __future__ import annotations

from adapters.common import commands
from adapters.slack.inbound.ids import COMMAND
from adapters.slack.inbound.input_text import plain


def parse_command(text: str) -> commands.Command:
    """The command in `text`, as Slack sends it."""
    return commands.parse_command(plain(text))


def help_text(bot_user_id: str) -> str:
    """Everything people can do here, in Slack's markup."""
    return f"""\
*Start*
• `{COMMAND} investigate SHOP-1A2`, or the URL of a Sentry issue
• <@{bot_user_id}> `investigate SHOP-1A2`, also in threads, where slash commands cannot be used
• *Investigate in LogSense* in a message's menu: a Sentry link, an alert, a stack trace
*In its thread*
• Reply to ask. A reply that mentions somebody else, and not <@{bot_user_id}>, is left alone.
• :white_check_mark: on one of my messages: resolved; take it off: open again. :+1: :-1: on the report: helpful, or not.
• *Stop* ends it; what was found stays.
*More*
• `{COMMAND} incidents is:unresolved checkout` lists issues of Sentry
• `{COMMAND} status` what is under way
• `{COMMAND} cancel 3f2a9c` stops one; without an id, the newest
• `{COMMAND} connect sentry`, `connect model`, `connect masking` or `connect channel`: settings, for admins
• `{COMMAND} help` this"""
