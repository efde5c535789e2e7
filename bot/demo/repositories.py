"""The git repositories behind the recorded programs, made in the demo's data directory; none without a git program."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path

from core.gateways.code.git_process import git_program

NAMES = ("shop", "storefront")
_TIMEOUT_S = 30


def demo_repositories(folder: Path) -> str:
    """Make the repositories below `folder`, once; return what LOGSENSE_REPOSITORIES would be, empty without git."""
    program = git_program()
    if program is None or "," in str(folder):
        return ""
    try:
        for name in NAMES:
            if not (folder / name).is_dir():
                _make(program, folder, name)
    except (OSError, subprocess.SubprocessError):
        # The demo shows everything else without them.
        return ""
    return str(folder)


def _make(program: str, folder: Path, name: str) -> None:
    """Make one beside its place and move it there whole, since another process may do the same."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{name}-"))
    environment = {
        "PATH": os.defpath,
        "HOME": str(made),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    history = files("bot.demo").joinpath("incidents", f"{name}.fastimport").read_bytes()
    try:
        for words, data in (
            (("init", "--quiet", "--bare", "--template=", "--initial-branch=main", "."), b""),
            (("fast-import", "--quiet"), history),
        ):
            subprocess.run(
                (program, *words),
                cwd=made,
                env=environment,
                input=data,
                capture_output=True,
                check=True,
                timeout=_TIMEOUT_S,
            )
        made.rename(folder / name)
    finally:
        if made.is_dir():
            shutil.rmtree(made, ignore_errors=True)
