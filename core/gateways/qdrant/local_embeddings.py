"""Embeddings computed on this machine, by fastembed; installed with the extra `local-embeddings`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from core.domain.errors import Refusal, ServiceUnavailable

SERVICE = "The embedder"
SIMILAR_FROM = 0.6


class LocalEmbedder:
    """Implements `core.ports.Embedder`. The model is loaded once; embedding runs in a thread."""

    def __init__(self, model: str, folder: Path | None = None, *, similar_from: float = SIMILAR_FROM) -> None:
        """`folder` holds the model's files; without one fastembed downloads them when they are not there yet.

        Raises:
            Refusal: fastembed is not installed, does not know the model, or cannot have its files.
        """
        try:
            from fastembed import TextEmbedding  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise Refusal("Local embeddings need an extra: pip install 'logsense[local-embeddings]'") from None
        known = {each["model"]: int(each["dim"]) for each in TextEmbedding.list_supported_models()}
        if model not in known:
            raise Refusal(f"fastembed knows no model {model}. It knows: {', '.join(sorted(known)[:8])}, …")
        try:
            self._model = TextEmbedding(model, specific_model_path=None if folder is None else str(folder))
        except Exception as error:
            raise Refusal(
                f"The files of the embedding model {model} cannot be had ({error}). "
                "Put them in a folder and set LOGSENSE_EMBEDDING_FOLDER to it."
            ) from error
        self.name = model
        self.dimension = known[model]
        self.similar_from = similar_from

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """See the port."""
        try:
            return await asyncio.to_thread(lambda: [vector.tolist() for vector in self._model.embed(list(texts))])
        except Exception as error:
            raise ServiceUnavailable(SERVICE, f"{SERVICE} {self.name} failed: {type(error).__name__}.") from error

    async def close(self) -> None:
        """There is nothing to close."""
