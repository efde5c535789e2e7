"""Addresses of charts: Teams shows pictures by address only, so each is signed, of one organization, and expires."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence

from core.domain.tenancy import Platform, WorkspaceRef

CHART_PATH = "/teams/charts/"
LASTS_S = 30 * 24 * 3_600


class ChartLinks:
    """Makes addresses below `public_url` and reads them back; the first of `keys` signs, any verifies."""

    def __init__(self, public_url: str, keys: Sequence[bytes], now: Callable[[], float] = time.time) -> None:
        self._base = f"{public_url.rstrip('/')}{CHART_PATH}"
        self._keys = keys
        self._now = now

    def url_of(self, workspace: WorkspaceRef, investigation_id: str) -> str:
        """An address that shows the investigation's chart to whoever has it, for a month."""
        said = json.dumps([workspace.key, investigation_id, int(self._now()) + LASTS_S]).encode()
        return f"{self._base}{_text(said)}.{_text(_signature(self._keys[0], said))}.png"

    def read(self, name: str) -> tuple[WorkspaceRef, str] | None:
        """The tenant and the investigation that an address names; None when it is not ours, changed or expired."""
        parts = name.removesuffix(".png").split(".")
        try:
            said, signature = map(_bytes, parts)
        except ValueError:
            return None
        if not any(hmac.compare_digest(signature, _signature(key, said)) for key in self._keys):
            return None
        tenant, investigation_id, until = json.loads(said)
        return None if self._now() > until else (WorkspaceRef(Platform.TEAMS, tenant), investigation_id)


def _signature(key: bytes, said: bytes) -> bytes:
    return hmac.new(key, said, hashlib.sha256).digest()


def _text(given: bytes) -> str:
    return base64.urlsafe_b64encode(given).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not written by us") from None
