"""What the README of the deployment tells people to type exists."""

from __future__ import annotations

import re

import click

from bot.__main__ import main
from tests.deploy.files import DEPLOY, REPOSITORY, variables
from tests.deploy.test_compose import OF_COMPOSE, SERVICES

TEXT = (DEPLOY / "README.md").read_text()
IN_CODE = "\n".join(re.findall(r"```(.*?)```", TEXT, re.DOTALL) + re.findall(r"`([^`\n]+)`", TEXT))


def test_its_commands_are_commands() -> None:
    start = r"(?:^|/bin/|-- |&& |exec logsense )"
    commands = re.findall(start + r"logsense (?:--demo )?([a-z]+)(?: ([a-z]+))?", IN_CODE, re.MULTILINE)
    assert {"serve", "check", "backup", "secrets"} <= {name for name, _ in commands}
    context = click.Context(main)
    for name, more in commands:
        found = main.get_command(context, name)
        assert found is not None, name
        assert not (more and isinstance(found, click.Group)) or found.get_command(context, more), (name, more)


def test_its_variables_are_variables() -> None:
    database = set(SERVICES["postgres"]["environment"])
    named = set(re.findall(r"\b(?:LOGSENSE|SLACK|POSTGRES|OPENAI|SENTRY|DATABASE)_[A-Z_]+\b", TEXT))
    assert named and named <= variables() | database | OF_COMPOSE


def test_its_files_are_there() -> None:
    linked = [path for path in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in path]
    assert linked and all((DEPLOY / path).exists() for path in linked)
    for path in re.findall(r"\b(?:deploy|core|tests)/[\w./-]+\w", IN_CODE):
        assert (REPOSITORY / path).exists(), path


def test_its_sections_are_there() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.*)", TEXT, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= headings
