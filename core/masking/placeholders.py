"""What stands in place of a secret: `[secret:8b12aa]`, a kind and a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
import re

KINDS = ("secret", "key", "email", "card", "ip", "phone", "iban", "national_id")
PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)}):[0-9a-f]{{6}}\]")


def placeholder(key: bytes, kind: str, secret: str) -> str:
    """Return the same placeholder for the same secret; without `key` it cannot be guessed back."""
    return f"[{kind}:{hmac.new(key, secret.encode('utf-8', 'replace'), hashlib.sha256).hexdigest()[:6]}]"


def kind_of(found: str) -> str:
    """Return the kind that a placeholder names."""
    return found[1:].partition(":")[0]


def says_more(text: str) -> bool:
    """Tell whether there is anything but placeholders, white space and punctuation in `text`."""
    return any(character.isalnum() for character in PLACEHOLDER.sub("", text))
