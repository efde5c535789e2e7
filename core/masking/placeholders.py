"""What stands in place of a secret: `[secret:8b12aa]`, a kind and a keyed hash."""

from __future__ import annotations

import hashlib
import hmac

from core.domain.masked_values import PLACEHOLDER

__all__ = ["PLACEHOLDER", "placeholder", "says_more"]


def placeholder(key: bytes, kind: str, secret: str) -> str:
    """Return the same placeholder for the same secret; without `key` it cannot be guessed back."""
    return f"[{kind}:{hmac.new(key, secret.encode('utf-8', 'replace'), hashlib.sha256).hexdigest()[:6]}]"


def says_more(text: str) -> bool:
    """Tell whether there is anything but placeholders, white space and punctuation in `text`."""
    return any(character.isalnum() for character in PLACEHOLDER.sub("", text))
