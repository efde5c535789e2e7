"""Bodies of requests as JSON objects, or the reason why they are none, in words for whoever sent them. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

_HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")


class BadRequest(Exception):
    """The request is refused with `status`; the text is for who sent it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def object_in(raw: bytes) -> dict[str, Any]:
    """The JSON object that `raw` is, in UTF-8 and with whole characters only.

    Raises:
        BadRequest: it is something else.
    """
    try:
        found = json.loads(raw.decode())
        if _HALF_CHARACTER.search(raw):
            # Lone surrogates are valid JSON, but no storage and no network takes them.
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeError:
        raise BadRequest(400, "The body is not UTF-8 text.") from None
    except (ValueError, RecursionError):
        raise BadRequest(400, "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise BadRequest(400, "The body must be a JSON object.")
    return found
