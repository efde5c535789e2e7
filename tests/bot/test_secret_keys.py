"""Keys that can be guessed are refused; random ones of every common form are taken."""

from __future__ import annotations

import base64
import random

import pytest

from bot.app.secret_keys import check_secret
from core.domain.errors import InvalidInput


@pytest.mark.parametrize(
    "weak",
    ["", "short", "x" * 31, "x" * 64, "ab" * 20, "changeme" * 5, "0123456789" * 4, "zyxwvutsrqponmlkjihgfedcba" * 2],
)
def test_what_can_be_guessed_is_refused_without_being_shown(weak: str) -> None:
    with pytest.raises(InvalidInput, match="LOGSENSE_SECRET_KEY") as caught:
        check_secret("LOGSENSE_SECRET_KEY", weak)
    assert len(weak) < 6 or weak not in str(caught.value)


@pytest.mark.parametrize("seed", range(300))
def test_random_keys_are_taken(seed: int) -> None:
    raw = random.Random(seed).randbytes(32)
    for key in (raw[:16].hex(), raw.hex(), base64.urlsafe_b64encode(raw).decode(), base64.b64encode(raw[:24]).decode()):
        check_secret("LOGSENSE_SECRET_KEY", key)
