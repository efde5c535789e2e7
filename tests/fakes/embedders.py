"""Embedders that know a few themes, so that meaning can be told from words without a model."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from core.domain.errors import ServiceUnavailable

THEMES: tuple[frozenset[str], ...] = tuple(
    frozenset(words.split())
    for words in (
        "currency money price amount payment",
        "pool sessions connections exhausted queuepool starved",
        "requests throttled 429 quota",
        "division zero mean ratio",
        "user deleted nonetype attribute missing",
    )
)


class ThemeEmbedder:
    """Implements `core.ports.Embedder`: how much of each theme a text has, and a little of its own letters."""

    name = "themes"
    dimension = len(THEMES) + 8
    similar_from = 0.6

    def __init__(self) -> None:
        self.is_away = False
        self.embedded: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        if self.is_away:
            raise ServiceUnavailable("The embedder", "The embedder cannot be reached.")
        self.embedded += texts
        return [_vector(text) for text in texts]

    async def close(self) -> None:
        """There is nothing to close."""


def _vector(text: str) -> list[float]:
    words = re.findall(r"\w+", text.lower())
    themes = [float(sum(word in theme for word in words)) for theme in THEMES]
    letters = [0.0] * 8
    for character in "".join(words):
        letters[ord(character) % 8] += 0.02 if any(themes) else 1.0
    # Letters alone tell texts apart without making them alike.
    letters = [count if index == len(text) % 8 or any(themes) else 0.0 for index, count in enumerate(letters)]
    length = math.sqrt(sum(part * part for part in (*themes, *letters))) or 1.0
    return [part / length for part in (*themes, *letters)]
