"""Shell completion: the script that click makes, printed or put where the shell looks for it."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import get_completion_class

from bot.app.settings import shell_folders, terminal_shell
from core.domain.errors import InvalidInput

_SHELLS = ("bash", "zsh", "fish")


def _file_of(shell: str) -> Path:
    """Where the shell reads completions of the user's own without being told, but for zsh."""
    data, config = shell_folders()
    files = {
        "bash": data / "bash-completion" / "completions" / "logsense",
        "zsh": Path.home() / ".zfunc" / "_logsense",
        "fish": config / "fish" / "completions" / "logsense.fish",
    }
    return files[shell]


def _script(shell: str) -> str:
    found = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    assert found is not None
    return found(root, {}, "logsense", "_LOGSENSE_COMPLETE").source()


def _shell_of_this_user(named: str | None) -> str:
    shell = named or terminal_shell()
    if shell not in _SHELLS:
        raise InvalidInput(f"Name your shell: --shell {'|'.join(_SHELLS)}")
    return shell


_shell_option = click.option("--shell", type=click.Choice(_SHELLS), help="By default the one in SHELL.")


@click.group()
def completion() -> None:
    """Complete commands in your shell with the Tab key."""


@completion.command()
@_shell_option
def install(shell: str | None) -> None:
    """Write the completion script to where your shell looks for it."""
    shell = _shell_of_this_user(shell)
    file = _file_of(shell)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_script(shell), encoding="utf-8")
    click.echo(f"Wrote {file}. It works in the next shell that you open.")
    if shell == "zsh":
        click.echo("If it does not, put this into ~/.zshrc before compinit: fpath=(~/.zfunc $fpath)")


@completion.command()
@_shell_option
def show(shell: str | None) -> None:
    """Print the completion script."""
    click.echo(_script(_shell_of_this_user(shell)))
