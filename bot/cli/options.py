"""Options that many commands share."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from bot.cli.session import Cli
from core.domain.errors import InvalidInput


def json_option(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with a --json switch, which keeps stdout for one document."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
    @functools.wraps(command)
    def with_json(*arguments: Any, as_json: bool, **options: Any) -> None:
        click.get_current_context().find_object(Cli).as_json = as_json  # type: ignore[union-attr]  # set by the group
        command(*arguments, **options)

    return with_json


def full_option(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with a --full switch, which unfolds reports and what was looked at."""

    @click.option("--full", is_flag=True, help="Also how to fix it, why, similar incidents, source and every step.")
    @functools.wraps(command)
    def with_full(*arguments: Any, full: bool, **options: Any) -> None:
        click.get_current_context().find_object(Cli).full = full  # type: ignore[union-attr]  # set by the group
        command(*arguments, **options)

    return with_full


investigation_option = click.option(
    "-i", "--investigation", "investigation_id", metavar="ID", help="Which one; the latest with a report if not given."
)


def typed(question: str, *, err: bool = False) -> str:
    """Ask, and return what was typed.

    Raises:
        InvalidInput: the input ended, so nobody is there to answer.
    """
    click.echo(f"{question}: ", nl=False, err=err)
    line = sys.stdin.readline()
    if not line:
        click.echo(err=err)
        raise InvalidInput(
            "Nothing was changed: the input ended before an answer came. Add --yes to go on without one."
        )
    return line.strip()
