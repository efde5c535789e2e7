"""The command line itself: its list, words that are nearly right, completion, and what starting costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bot.__main__ import COMMANDS, main
from bot.cli.completion import completion


def test_the_list_names_every_command_with_a_sentence() -> None:
    shown = CliRunner().invoke(main, ["--help"], terminal_width=200).output
    for name, place in COMMANDS.items():
        command = main.get_command(click.Context(main), name)
        assert command is not None and command.help and command.name == name
        assert f"{name} " in shown and place.summary in shown and place.summary.endswith(".")


def test_the_list_and_the_version_load_none_of_the_product() -> None:
    for argument in ("--help", "--version"):
        told = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "bot", argument], capture_output=True, text=True, check=True
        )
        loaded = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
        assert not loaded & {"sqlalchemy", "mcp", "aiohttp", "openai", "slack_sdk", "pydantic", "rich.console"}


@pytest.mark.parametrize(
    ("typed", "meant"), [("investigte", "investigate"), ("knowlege", "knowledge"), ("sho", "show")]
)
def test_a_command_that_is_nearly_right_is_named(typed: str, meant: str) -> None:
    answer = CliRunner().invoke(main, [typed, "SHOP-1"])
    assert answer.exit_code == 2 and "Did you mean" in answer.output and meant in answer.output


def test_a_command_that_is_like_none_is_answered_with_where_the_list_is() -> None:
    answer = CliRunner().invoke(main, ["\x1b[31mxyzzy"])
    assert answer.exit_code == 2 and "logsense --help" in answer.output


@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("bash", ".local/share/bash-completion/completions/logsense"),
        ("zsh", ".zfunc/_logsense"),
        ("fish", ".config/fish/completions/logsense.fish"),
    ],
)
def test_completion_is_put_where_the_shell_looks(
    shell: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("SHELL", f"/bin/{shell}")
    done = CliRunner().invoke(completion, ["install"], catch_exceptions=False)
    assert done.exit_code == 0 and file in done.output.replace("\n", "")
    assert "_LOGSENSE_COMPLETE" in (tmp_path / file).read_text()


def test_bash_completes_commands_with_the_script() -> None:
    words = {"COMP_WORDS": "logsense inv", "COMP_CWORD": "1", "_LOGSENSE_COMPLETE": "bash_complete"}
    answer = CliRunner(env=words).invoke(main, prog_name="logsense")
    assert {"plain,investigate", "plain,investigations"} == set(answer.output.split())


def test_a_shell_that_is_not_known_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/sh")
    failure = CliRunner().invoke(completion, ["show"]).exception
    assert failure is not None and "--shell bash|zsh|fish" in str(failure)


@pytest.mark.parametrize("command", ["show", "investigations"])
def test_looking_at_what_is_stored_loads_no_tools(command: str, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bot", command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"LOGSENSE_HOME": str(tmp_path / "home"), "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    loaded = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "sqlalchemy" in loaded and not loaded & {"mcp", "aiohttp", "openai", "slack_sdk"}
