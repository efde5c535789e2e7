"""What people can do in which channel, as data: docs/guide/feature-matrix.md is made of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass

_NO = "\u2013"


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that people do or see, and how each channel has it; an empty text means that it does not."""

    what: str
    terminal: str
    slack: str
    teams: str


CAPABILITIES = (
    Capability("Start with a command", "`logsense investigate`", "`/logsense investigate`", "`@LogSense investigate`"),
    Capability("Start with a mention, in any thread", "", "yes", "yes"),
    Capability("Start from somebody's message", "", "its menu", "one-to-one and group chats: reply to it"),
    Capability("Paste a stack trace or an event", "a file", "yes", "yes"),
    Capability(
        "Attach a `.txt`, `.log` or `.json`",
        "`--event FILE`",
        "yes",
        "in one-to-one chats: Teams hands bots no files elsewhere",
    ),
    Capability(
        "Attach long or compressed logs, OTLP traces",
        "`--log FILE`, `--trace FILE`, any size",
        "up to 5 files of 100 MB",
        "up to 5 files of 100 MB, in one-to-one chats",
    ),
    Capability("See each step as it happens", "live", "one message, edited", "one card, edited"),
    Capability(
        "Report",
        "five lines, the rest with `--full`",
        "five lines, the rest folded; at most five messages",
        "five lines, the rest folded; at most five cards",
    ),
    Capability("Label and citations on what a model wrote", "\u2013", "\u2013", "yes"),
    Capability("Source around the culprit", "yes", "yes", "yes, the failing line in red"),
    Capability(
        "Suspect change: diff, author, who knows the code",
        "in the report, with a repository",
        "folded, with a repository",
        "folded, with a repository",
    ),
    Capability("Evidence, complete", "`logsense show`", "in a dialog, in pages", "in the card, in pages"),
    Capability("Chart of events", "", "a picture in the thread", "a picture in the thread"),
    Capability("Ask on", "`logsense ask`", "reply", "reply and mention; without it where the team allows reading"),
    Capability("Stop", "`logsense cancel`, Ctrl-C", "button, command", "button, command"),
    Capability("Resolved, and open again", "`logsense resolve`, `reopen`", "✅, button", "✅, button"),
    Capability("Say what fixed it", "`resolve --fix`", "button, form, reply", "button, reply"),
    Capability("Helpful, or wrong", "", "👍 👎, button", "👍 👎, button"),
    Capability("List incidents, press to investigate", "a list", "yes", "yes"),
    Capability("Post-mortem", "", "a file", "text to copy"),
    Capability("Home page", "", "Home tab", ""),
    Capability(
        "Connect Sentry and a model",
        "settings",
        "forms, for admins",
        "forms in one-to-one chats, for owners and admins",
    ),
    Capability("Choose a channel's projects", "", "form, for admins", ""),
    Capability("Join an organization", "`logsense org`", "install link", "`join INVITE` in a one-to-one chat"),
    Capability("Words for one person alone", "", "seen in the channel by them alone", "in a one-to-one chat"),
)


def capabilities_table() -> str:
    """The table in Markdown."""
    rows = ["| | terminal | Slack | Microsoft Teams |", "|---|---|---|---|"]
    rows += (
        f"| {one.what} | {one.terminal or _NO} | {one.slack or _NO} | {one.teams or _NO} |" for one in CAPABILITIES
    )
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(capabilities_table())
