"""Encryption of what must not be read from a stolen database: tokens and keys."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.domain.errors import ServiceFailed
from core.storage.engine.database import SERVICE


class SecretBox:
    """Seals text with the newest key and opens what any of the keys sealed."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Newest key first; each is any text of enough entropy."""
        each = [Fernet(_fernet_key(key)) for key in keys]
        self._newest = each[0]
        self._fernet = MultiFernet(each)

    def seal(self, text: str) -> str:
        """`text`, readable only with a key."""
        return self._fernet.encrypt(text.encode()).decode()

    def is_newest(self, sealed: str) -> bool:
        """Whether the newest key alone opens it."""
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True

    def open(self, sealed: str) -> str:
        """What was sealed; raises ServiceFailed when no key fits."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ServiceFailed(
                SERVICE,
                "A token in the database was encrypted with another key: add that one to LOGSENSE_SECRET_KEYS, "
                "or connect again.",
            ) from None


def _fernet_key(key: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(f"logsense secret box {key}".encode()).digest())
