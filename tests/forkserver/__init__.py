"""Starts Python processes of ours without importing everything again: by a fork of a process that has it loaded.

`command` replaces `python -m MODULE`. What runs is a process of its own with its own environment, files and exit code;
only the seconds of importing are gone. Tests of starting up, and those that kill a process, start a fresh interpreter.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


def command(module: str) -> tuple[str, ...]:
    """Return what to execute instead of `python -m module`; the forking process is started by the first that asks.

    Where processes cannot be watched so (another system than Linux), it is that command itself.
    """
    if not hasattr(os, "pidfd_open"):
        return sys.executable, "-m", module
    return client_command(str(_socket()), os.getpid(), module)


def client_command(socket: str, owner: int, module: str) -> tuple[str, ...]:
    """Return the client that asks at `socket` for a fork that runs `module`."""
    return sys.executable, "-I", "-S", str(_FOLDER / "client.py"), socket, str(owner), module


def pid_of(client: int) -> int:
    """Return the process that was forked for a client: the one to kill when the moment of its end matters."""
    told = _socket().with_name(str(client))
    return int(told.read_text()) if told.exists() else client


@cache
def _socket() -> Path:
    return Path(tempfile.mkdtemp(prefix="forkserver-")) / "socket"
