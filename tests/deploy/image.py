"""The Dockerfile's instructions, and the files that it copies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.deploy.files import DEPLOY, REPOSITORY

DOCKERFILE = DEPLOY / "Dockerfile"
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".env*", "programs")
"""What Dockerfile.dockerignore keeps out."""


def instructions(name: str) -> list[str]:
    """The arguments of each instruction of that name, in order, lines joined."""
    lines = DOCKERFILE.read_text().replace("\\\n", " ").splitlines()
    return [line.strip().split(" ", 1)[1].strip() for line in lines if line.strip().startswith(f"{name} ")]


def command(name: str) -> list[str]:
    """The last instruction of that name in its form without a shell."""
    written = instructions(name)[-1]
    parsed: list[str] = json.loads(written[written.index("[") :])
    return parsed


def sources() -> list[str]:
    """What is copied from the checkout, relative to its root."""
    copied = [line.split()[:-1] for line in instructions("COPY") if not line.startswith("--from")]
    return [source.rstrip("/") for line in copied for source in line]


def copy_sources(to: Path) -> None:
    """The build stage's working directory, in `to`."""
    for source in sources():
        target = to / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (REPOSITORY / source).is_dir():
            shutil.copytree(REPOSITORY / source, target, ignore=IGNORED)
        else:
            shutil.copy(REPOSITORY / source, target)
