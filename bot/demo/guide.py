"""What the demo tells people besides the investigation itself."""

from __future__ import annotations

import sys
from pathlib import Path

from bot.cli.session import Cli
from bot.demo.recordings import recorded_incidents


def list_demo_incidents(cli: Cli) -> None:
    """The recorded incidents, for choosing one."""
    listed = [{"issue": incident.short_id, "title": incident.title} for incident in recorded_incidents()]
    if cli.as_json:
        cli.print_json({"incidents": listed})
        return
    cli.print_table(("issue", "title"), [(item["issue"], item["title"]) for item in listed])
    cli.say(f"\nInvestigate one: {_program()} demo {listed[1]['issue']}", "dim")


def next_steps(cli: Cli) -> None:
    """Commands to try next, as they work when pasted."""
    program = _program()
    cli.say("\nNext, try:", "bold")
    for command, what in (
        (f'{program} --demo ask "who is affected, and since when?"', "a follow-up, with evidence"),
        (f'{program} --demo resolve --fix "made the key optional"', "confirm it; the next one like it will know"),
        (f"{program} demo --list", "the other recorded incidents"),
        (f"{program} --demo show --help", "every command has a help page"),
        (f"{program} investigate ISSUE", "your own Sentry: set SENTRY_ORG and SENTRY_TOKEN first"),
    ):
        cli.say(f"  {command}")
        cli.say(f"      {what}", "dim")


def _program() -> str:
    """How this program was called, so that printed commands work as they are."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return "python -m bot"
    with_path = str(called.absolute()) if called.parent != Path() else called.name
    here = str(Path.cwd()) + "/"
    return with_path.removeprefix(here)
