"""The sealed envelope that tells the tool server on whose behalf one call is made.

It is encrypted and authenticated with a key that lives as long as one server process, is bound to one tool and its
exact arguments, and is worthless after `TTL_S` seconds. A pasted event travels beside it and is bound by its digest.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cryptography.fernet import Fernet, InvalidToken

from core.domain.tenancy import OrganizationId, SentryConnection

ENVELOPE_META = "io.logsense/envelope"
EVENT_META = "io.logsense/event"
LOGS_META = "io.logsense/reads-logs"
"""Of a tool: it reads logs that a person handed over, and is offered only with them."""
MASKED_META = "io.logsense/masked"
HOST_ONLY_META = "io.logsense/host-only"

REFUSED_CODE = -32041
"""The JSON-RPC error code of a refused envelope; none of the SDK's own."""

TTL_S = 30
MAX_EVENT_BYTES = 1_048_576

Caller = Literal["model", "person"]


class EnvelopeRefused(Exception):
    """The envelope does not open, is too old, or was made for something else; the text says which, and no more."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who asks, for what, and what may be reached for it; `event_digest` binds a pasted event, `log` names an index."""

    organization_id: OrganizationId
    investigation_id: str
    tool: str
    arguments_digest: str
    caller: Caller
    connection: SentryConnection | None = None
    event_digest: str | None = None
    masks: tuple[str, ...] | None = None
    """The kinds of personal data that the organization has masked; None stands for the default."""
    log: str | None = None


def digest_of_arguments(arguments: Mapping[str, Any]) -> str:
    """Equal for equal arguments, whatever their order; SHA-256 in hex."""
    canonical = json.dumps(arguments, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def digest_of_event(text: str) -> str:
    """SHA-256 in hex of a pasted event's raw text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def new_key() -> str:
    """A fresh key, for one server process."""
    return Fernet.generate_key().decode()


def seal(envelope: Envelope, key: str, *, at: float | None = None) -> str:
    """A token that only a holder of `key` can read, stamped with the time `at` (now, unless told)."""
    content = json.dumps(asdict(envelope), separators=(",", ":")).encode()
    return Fernet(key).encrypt_at_time(content, int(time.time() if at is None else at)).decode()


def open_envelope(token: object, key: str, *, at: float | None = None) -> Envelope:
    """The envelope in `token`, made at most `TTL_S` seconds before `at` (now, unless told).

    Raises:
        EnvelopeRefused: missing, forged, expired or from the future.
    """
    if not isinstance(token, str):
        raise EnvelopeRefused("The call carries no envelope.")
    now = int(time.time() if at is None else at)
    fernet = Fernet(key)
    try:
        content = fernet.decrypt_at_time(token, TTL_S, now)
        made_at = fernet.extract_timestamp(token)
    except InvalidToken:
        raise EnvelopeRefused("The envelope is forged or has expired.") from None
    if made_at > now:
        raise EnvelopeRefused("The envelope comes from the future.")
    return _read(content)


def _read(content: bytes) -> Envelope:
    """Whoever holds the key wrote `content`, so only a version mismatch can make it unreadable."""
    try:
        fields = json.loads(content)
        connection = fields.pop("connection")
        masks = fields.pop("masks")
        fields["masks"] = None if masks is None else tuple(masks)
        return Envelope(**fields, connection=None if connection is None else SentryConnection(**connection))
    except (ValueError, TypeError, KeyError):
        raise EnvelopeRefused("The envelope was made by another version.") from None
