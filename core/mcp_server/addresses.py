"""Groups addresses that differ in an id; pure."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlsplit

from core.domain.incident import TagDistribution

_ID = re.compile(
    r"\d+"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[^\d]*\d)[0-9a-fA-F]{8,64}"
    r"|(?=[^\d]*\d)[A-Za-z0-9_-]{16,128}"
    r"|[A-Za-z]{1,8}[-_]\d{2,20}"
)
_LONGEST = 2_000


def without_ids(address: str) -> str:
    """Return `address` with `:id` for numbers and keys in its path, and without its query."""
    try:
        parts = urlsplit(address[:_LONGEST])
    except ValueError:
        return address
    path = "/".join(":id" if _ID.fullmatch(part) else part for part in parts.path.split("/"))
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return f"{origin}{path}" or address


def grouped(addresses: TagDistribution) -> TagDistribution:
    """The same counts by addresses without their ids."""
    counts: Counter[str] = Counter()
    for value, count in addresses.values:
        counts[without_ids(value)] += count
    return TagDistribution(addresses.key, addresses.total, tuple(counts.most_common()))
