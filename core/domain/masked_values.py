"""Reads the placeholders that stand where something was masked: `[secret:8b12aa]`, a kind and a keyed hash."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

MASKED_KINDS = ("secret", "key", "email", "card", "ip", "phone", "iban", "national_id")
PLACEHOLDER = re.compile(rf"\[(?P<kind>{'|'.join(MASKED_KINDS)}):[0-9a-f]{{6}}\]")


def count_masked(texts: Iterable[str]) -> Mapping[str, int]:
    """Count the different values that are masked in `texts`, by kind in the order of `MASKED_KINDS`, without zeros."""
    found = {match[0]: match["kind"] for text in texts for match in PLACEHOLDER.finditer(text)}
    counts = Counter(found.values())
    return {kind: counts[kind] for kind in MASKED_KINDS if counts[kind]}
