"""The data directory: who owns it, and the secret key that lives in it."""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from bot.app.secret_keys import MIN_KEY_CHARS
from core.domain.errors import Refusal
from core.domain.system_errors import from_os


class DataDirectory:
    """A directory that one process at a time owns; only the owner opens the embedded index and does work."""

    def __init__(self, path: Path) -> None:
        """Make the directory; it, and what this process puts into it, is readable by its user alone."""
        self.path = path
        os.umask(0o077)
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            if (needed := from_os(error, path)) is not None and error.errno not in (errno.EACCES, errno.EPERM):
                raise needed from error
            raise Refusal(
                f"The data directory {path} cannot be made ({error.strerror}). Point LOGSENSE_HOME to a writable place."
            ) from error

    @contextlib.contextmanager
    def ownership(self) -> Iterator[bool]:
        """Whether this process is the owner for the length of the block; a killed owner loses it at once."""
        with self._explained():
            descriptor = os.open(self.path / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)

    @property
    def knowledge(self) -> Path:
        """Where the embedded index lives."""
        return self.path / "knowledge"

    @property
    def logs(self) -> Path:
        """Where the indexes of logs live that were handed over, with the logs themselves."""
        return self.path / "logs"

    @property
    def key_file(self) -> Path:
        """Where a generated secret key lives."""
        return self.path / "secret.key"

    def secret_key(self) -> bytes:
        """The generated key, made on first use with mode 0600; equal for all processes, however they race."""
        with self._explained():
            if not self.key_file.exists():
                self._make_key()
            return self._existing_key()

    def _make_key(self) -> None:
        draft = self.path / f".secret.{secrets.token_hex(8)}"
        try:
            draft.touch(mode=0o600)
            draft.write_bytes(base64.urlsafe_b64encode(secrets.token_bytes(32)))
            # A link appears whole or not at all, and never replaces a key that another process made first.
            with contextlib.suppress(FileExistsError):
                os.link(draft, self.key_file)
        finally:
            draft.unlink(missing_ok=True)

    def _existing_key(self) -> bytes:
        key = self.key_file.read_bytes().strip()
        if len(key) < MIN_KEY_CHARS:
            raise Refusal(
                f"The secret key in {self.key_file} is damaged or too short (at least {MIN_KEY_CHARS} characters), and "
                "stored tokens cannot be read without it. Put a backup in its place: logsense restore FILE --replace"
            )
        return key

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise errors of the operating system as ours, with this directory named."""
        try:
            yield
        except OSError as error:
            if (needed := from_os(error, self.path)) is None:
                raise
            raise needed from error


def derived_key(secret: bytes, purpose: str) -> str:
    """A key for one purpose, from which neither the secret nor another purpose's key can be had."""
    return hmac.new(secret, f"logsense {purpose}".encode(), hashlib.sha256).hexdigest()
