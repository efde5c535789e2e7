"""Embeddings of any OpenAI-compatible endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from openai import APIConnectionError, APIStatusError, AsyncOpenAI, OpenAIError

from core.domain.errors import Refusal, ServiceUnavailable

SERVICE = "The embedder"
SIMILAR_FROM = 0.6
"""Not measured on OpenAI's models, which need the network; docs/guide/knowledge.md says how to find one's own."""

_BATCH = 64
_TIMEOUT_S = 5.0


class OpenAIEmbedder:
    """Implements `core.ports.Embedder`."""

    def __init__(
        self, api_key: str, base_url: str | None, model: str, dimension: int, *, similar_from: float = SIMILAR_FROM
    ) -> None:
        """No request is made yet; a failed one is not repeated, since a search waits for it."""
        self._client = AsyncOpenAI(api_key=api_key, base_url=base_url, timeout=_TIMEOUT_S, max_retries=0)
        self.name = model
        self.dimension = dimension
        self.similar_from = similar_from

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """See the port."""
        vectors: list[Sequence[float]] = []
        for start in range(0, len(texts), _BATCH):
            vectors += await self._embedded(texts[start : start + _BATCH])
        return vectors

    async def close(self) -> None:
        """Connections are closed."""
        await self._client.close()

    async def _embedded(self, texts: Sequence[str]) -> list[Sequence[float]]:
        try:
            # Endpoints refuse empty texts.
            answer = await self._client.embeddings.create(
                model=self.name, input=[text or " " for text in texts], encoding_format="float"
            )
        except APIStatusError as error:
            raise ServiceUnavailable(SERVICE, f"{SERVICE} {self.name} answered {error.status_code}.") from error
        except (APIConnectionError, OpenAIError) as error:
            raise ServiceUnavailable(SERVICE, f"{SERVICE} {self.name} cannot be reached.") from error
        found: list[Sequence[float]] = [each.embedding for each in sorted(answer.data, key=lambda each: each.index)]
        if len(found) != len(texts):
            raise ServiceUnavailable(
                SERVICE, f"{SERVICE} {self.name} gave {len(found)} vectors for {len(texts)} texts."
            )
        if wrong := next((len(vector) for vector in found if len(vector) != self.dimension), None):
            raise Refusal(
                f"{SERVICE} {self.name} gives {wrong} numbers, not {self.dimension}. "
                f"Set LOGSENSE_EMBEDDING_DIMENSION={wrong}, then run: logsense knowledge reindex"
            )
        return found
