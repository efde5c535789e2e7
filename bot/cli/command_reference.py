"""The page of all commands, made from the commands themselves: `python -m bot.cli.command_reference`."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator

import click

from bot.__main__ import main

_HEAD = """# Commands

Every command has `--help`. This page is made from those texts by `make docs`.
"""


def command_reference() -> str:
    """Markdown with a section for each command and subcommand, in the order of `logsense --help`."""
    return "\n".join([_HEAD, *_sections(main, click.Context(main, info_name="logsense"))])


def _sections(command: click.Command, context: click.Context) -> Iterator[str]:
    level = "##" if context.parent is None or context.parent.parent is None else "###"
    yield f"{level} {context.command_path}\n"
    yield f"```\n{_usage(command, context)}\n```\n"
    yield f"{_help(command)}\n"
    if options := list(_options(command, context)):
        yield "\n".join(["| option | means |", "|---|---|", *options]) + "\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (sub := command.get_command(context, name)) is not None and not sub.hidden:
                yield from _sections(sub, click.Context(sub, info_name=name, parent=context))


def _usage(command: click.Command, context: click.Context) -> str:
    return f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"


def _help(command: click.Command) -> str:
    """The help text; blocks that click must not wrap become code."""
    return "\n\n".join(_paragraph(text) for text in re.split(r"\n\s*\n", inspect.cleandoc(command.help or "")))


def _paragraph(text: str) -> str:
    if text.lstrip().startswith("\b"):
        return f"```\n{textwrap.dedent(text.partition(chr(8))[2].strip(chr(10)))}\n```"
    return "\n".join(textwrap.wrap(" ".join(text.split()), 100, break_on_hyphens=False))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Option) and record is not None:
            names, means = (" ".join(text.split()).replace("|", "\\|") for text in record)
            yield f"| `{names}` | {means} |"


if __name__ == "__main__":
    sys.stdout.write(command_reference())
