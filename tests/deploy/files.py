"""Where the deployment's files are, what variables LogSense knows, and the programs that look at such files."""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import AliasChoices, SecretStr

from bot.app.settings import Settings

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "deploy"


def variables(*, secret: bool = False) -> frozenset[str]:
    """The environment variables that LogSense reads; with `secret` those whose values nobody may see."""
    fields = [field for field in Settings.model_fields.values() if not secret or field.annotation == SecretStr | None]
    aliases = [field.validation_alias for field in fields]
    return frozenset(str(name) for alias in aliases if isinstance(alias, AliasChoices) for name in alias.choices)


def run(
    program: str, *arguments: str | Path, stdin: str | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What a program from a wheel made of `arguments`; the test is skipped where that wheel is not installed."""
    path = Path(sysconfig.get_path("scripts")) / program
    if not path.exists():
        pytest.skip(f"{program} is not installed: its wheel is not there for this machine")
    return subprocess.run([path, *arguments], input=stdin, env=variables, capture_output=True, text=True)
