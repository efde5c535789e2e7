"""Git repositories for tests: commits are given as the files they write, and made without a work tree."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.gateways.code.git_process import git_program

needs_git = pytest.mark.skipif(git_program() is None, reason="there is no git program here")

_BEGAN = 1_700_000_000


@dataclass(frozen=True)
class Made:
    """One commit: what it writes (None deletes, a pair is a mode and a content), by whom, and its tags."""

    subject: str
    files: Mapping[str, str | bytes | tuple[str, str] | None]
    author: str = "Ada Byron"
    tags: Sequence[str] = field(default=())


def make_repository(folder: Path, commits: Sequence[Made]) -> list[str]:
    """Write a bare repository to `folder`; the ids of its commits, in order."""
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    stream = bytearray()
    for number, commit in enumerate(commits, 1):
        who = f"{commit.author} <private@person.example> {_BEGAN + 3600 * number} +0000"
        stream += f"commit refs/heads/main\nmark :{number}\nauthor {who}\ncommitter {who}\n".encode()
        stream += _data(commit.subject)
        for path, content in commit.files.items():
            name = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
            if content is None:
                stream += f"D {name}\n".encode()
                continue
            mode, text = content if isinstance(content, tuple) else ("100644", content)
            stream += f"M {mode} inline {name}\n".encode() + _data(text)
        for tag in commit.tags:
            stream += f"reset refs/tags/{tag}\nfrom :{number}\n\n".encode()
    marks = folder / "marks"
    subprocess.run(
        ["git", "fast-import", "--quiet", f"--export-marks={marks}"],
        cwd=folder,
        input=bytes(stream),
        check=True,
        env=_environment(folder),
        capture_output=True,
    )
    ids = dict(line.split() for line in marks.read_text().splitlines())
    return [ids[f":{number}"] for number in range(1, len(commits) + 1)]


def git(folder: Path, *arguments: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, env=_environment(folder), capture_output=True, text=True
    )
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def _data(content: str | bytes) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return f"data {len(raw)}\n".encode() + raw + b"\n"
