"""Reading that takes forever when it is given much: worker processes import it, so it imports little."""

from __future__ import annotations

import json
from typing import Any

from core.masking.masker import Masker

MUCH = 60_000


def never_prepared(payload: Any) -> Any:
    """Return `payload` when it is small; else keep a processor busy until somebody ends the process."""
    while len(json.dumps(payload)) > MUCH:
        pass
    return payload


def never_prepared_at_all(payload: Any) -> Any:
    """Keep a processor busy until somebody ends the process."""
    while True:
        pass


class NeverMasking(Masker):
    """Masks short texts; longer ones never."""

    def text(self, text: str) -> str:
        while len(text) > 1_000:
            pass
        return super().text(text)
