"""Runs git so that nothing in a repository, or in the words of a stranger, decides what it does.

A repository is read through a directory of ours that stands in for its `.git`: its objects and refs are linked, its
configuration is not. So no filter, hook, pager, external diff, text conversion, signature program or remote helper that
the repository names is ever run. Arguments are ours, or names that git itself gave.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.domain.errors import ServiceUnavailable

SERVICE = "The source repository"
MOST_BYTES = 8_000_000
_TIMEOUT_S = 8.0
_CHUNK = 65_536
_CONFIG_BYTES = 1_000_000
_POINTER_BYTES = 4_096
_SHA256 = re.compile(rb"(?im)^[ \t]{0,40}objectformat[ \t]{0,40}=[ \t]{0,40}\"?sha256\"?[ \t\r]{0,40}$")
_REFTABLE = re.compile(rb"(?im)^[ \t]{0,40}refstorage[ \t]{0,40}=[ \t]{0,40}\"?reftable\"?[ \t\r]{0,40}$")
_DRIVERS = {
    "cs": "csharp",
    "css": "css",
    "ex": "elixir",
    "go": "golang",
    "java": "java",
    "kt": "kotlin",
    "php": "php",
    "py": "python",
    "rb": "ruby",
    "rs": "rust",
}
"""Which of git's own rules find the function above a hunk."""


@dataclass(frozen=True, slots=True)
class Output:
    """What git wrote; not `is_whole` when there was more than was wanted."""

    data: bytes
    is_whole: bool
    ok: bool


def git_program() -> str | None:
    """Return the git program of this machine, if it has one."""
    return shutil.which("git")


def git_directory(path: Path) -> Path | None:
    """Return the git directory of a checkout, a linked worktree or a bare repository; None when it is neither."""
    inner = path / ".git"
    if inner.is_file():
        pointer = _read(inner, _POINTER_BYTES).partition(b"gitdir:")[2].strip()
        inner = path / os.fsdecode(pointer) if pointer else inner
    for candidate in (inner, path):
        if (candidate / "HEAD").is_file() and (_common(candidate) / "objects").is_dir():
            return candidate.resolve()
    return None


def configuration(directory: Path) -> bytes:
    """Return the repository's own configuration, to be looked into and never to be followed."""
    return _read(_common(directory) / "config", _CONFIG_BYTES)


def _common(directory: Path) -> Path:
    """Where a linked worktree shares objects and refs with others."""
    pointer = _read(directory / "commondir", _POINTER_BYTES).strip()
    return directory / os.fsdecode(pointer) if pointer else directory


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError:
        return b""


class GitProcess:
    """Runs git over one repository, through `stand_in`, an empty directory of ours."""

    def __init__(self, program: str, directory: Path, stand_in: Path, slots: asyncio.Semaphore) -> None:
        """Link what is data; raise ServiceUnavailable for a layout that is not understood.

        At most as many programs run at once as there are `slots`, which other repositories may share.
        """
        self._slots = slots
        self._program = program
        self._stand_in = stand_in
        common = _common(directory).resolve()
        config = configuration(directory)
        if _REFTABLE.search(config):
            raise ServiceUnavailable(SERVICE, "The repository keeps its refs in a reftable, which is not read yet.")
        self._head = directory / "HEAD"
        # Those that do not exist yet may come to exist.
        for name in ("objects", "refs", "packed-refs", "shallow"):
            (stand_in / name).symlink_to(common / name)
        version, extension = (1, "[extensions]\n\tobjectFormat = sha256\n") if _SHA256.search(config) else (0, "")
        (stand_in / "config").write_text(
            f"[core]\n\trepositoryFormatVersion = {version}\n\tbare = true\n\tbigFileThreshold = 2m\n"
            f"\tquotePath = false\n{extension}",
            encoding="utf-8",
        )
        (stand_in / "info").mkdir()
        attributes = "".join(f"*.{ending} diff={driver}\n" for ending, driver in _DRIVERS.items())
        (stand_in / "info" / "attributes").write_text(attributes, encoding="utf-8")

    async def run(
        self, *arguments: str, stdin: bytes = b"", most_bytes: int = MOST_BYTES, timeout_s: float = _TIMEOUT_S
    ) -> Output:
        """Return what git writes, at most `most_bytes` of it.

        Raises:
            ServiceUnavailable: it cannot be started, or takes longer than `timeout_s`.
        """
        async with self._slots:
            try:
                async with asyncio.timeout(timeout_s):
                    return await self._run(arguments, stdin, most_bytes)
            except TimeoutError:
                raise ServiceUnavailable(SERVICE, f"Git did not answer within {timeout_s:g} s.") from None
            except OSError as error:
                raise ServiceUnavailable(SERVICE, f"Git cannot be run: {type(error).__name__}.") from None

    def cut_off(self) -> frozenset[str]:
        """The commits at which the history of a shallow clone ends: they seem to have written all that is older."""
        return frozenset(_read(self._stand_in / "shallow", _CONFIG_BYTES).decode("ascii", "replace").split())

    def _copy_head(self) -> None:
        """Git takes no link for it, and the branch may have changed."""
        head, ours = _read(self._head, _POINTER_BYTES), self._stand_in / "HEAD"
        if _read(ours, _POINTER_BYTES) != head:
            ours.write_bytes(head)

    async def _run(self, arguments: Sequence[str], stdin: bytes, most_bytes: int) -> Output:
        self._copy_head()
        process = await asyncio.create_subprocess_exec(
            self._program,
            "--no-pager",
            "--no-replace-objects",
            "--literal-pathspecs",
            *arguments,
            cwd=self._stand_in,
            env=self._environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        assert process.stdin is not None and process.stdout is not None
        feeding = asyncio.create_task(_feed(process.stdin, stdin))
        try:
            data = bytearray()
            while len(data) <= most_bytes and (chunk := await process.stdout.read(_CHUNK)):
                data += chunk
            is_whole = len(data) <= most_bytes
            code = await process.wait() if is_whole else 0
            return Output(bytes(data[:most_bytes]), is_whole, code == 0)
        finally:
            feeding.cancel()
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    def _environment(self) -> dict[str, str]:
        """Nothing of this process's own environment but where programs are."""
        return {
            "PATH": os.defpath,
            "LC_ALL": "C",
            "HOME": str(self._stand_in),
            "XDG_CONFIG_HOME": str(self._stand_in),
            "GIT_DIR": str(self._stand_in),
            "GIT_CEILING_DIRECTORIES": str(self._stand_in.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "",
            "GIT_PROTOCOL_FROM_USER": "0",
        }


async def _feed(stdin: asyncio.StreamWriter, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(data)
        await stdin.drain()
        stdin.close()
