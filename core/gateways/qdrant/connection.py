"""The engine and the embedder that settings ask for, opened when first needed and shared by all organizations."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from core.domain.errors import InvalidInput, ServiceUnavailable
from core.domain.tenancy import OrganizationId
from core.gateways.qdrant.knowledge import QdrantKnowledge
from core.gateways.qdrant.vector_index import SERVICE, VectorIndex, collection_name
from core.ports import Embedder, KnowledgeBase

NO_EMBEDDER, OPENAI, LOCAL = "none", "openai", "local"
DEFAULT_MODELS = {OPENAI: "text-embedding-3-small", LOCAL: "BAAI/bge-small-en-v1.5"}
DEFAULT_DIMENSION = 1536
DEFAULT_SIMILAR_FROM = 0.6


@dataclass(frozen=True, slots=True)
class KnowledgeSettings:
    """Where the index is and what embeds; `directory` is for the embedded engine, `qdrant_url` for a server."""

    directory: Path | None
    qdrant_url: str | None = None
    qdrant_api_key: str | None = field(default=None, repr=False)
    embedder: str = NO_EMBEDDER
    model: str = ""
    dimension: int = DEFAULT_DIMENSION
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    folder: Path | None = None
    similar_from: float = DEFAULT_SIMILAR_FROM

    def variables(self) -> Mapping[str, str]:
        """As environment variables, for the process that opens it."""
        values = {
            "LOGSENSE_KNOWLEDGE_DIR": self.directory and str(self.directory.resolve()),
            "QDRANT_URL": self.qdrant_url,
            "QDRANT_API_KEY": self.qdrant_api_key,
            "LOGSENSE_EMBEDDER": self.embedder,
            "LOGSENSE_EMBEDDING_MODEL": self.model,
            "LOGSENSE_EMBEDDING_DIMENSION": str(self.dimension),
            "LOGSENSE_EMBEDDING_URL": self.base_url,
            "LOGSENSE_EMBEDDING_KEY": self.api_key,
            "LOGSENSE_EMBEDDING_FOLDER": self.folder and str(self.folder.resolve()),
            "LOGSENSE_EMBEDDING_SIMILAR_FROM": str(self.similar_from),
        }
        return {name: value for name, value in values.items() if value}

    @classmethod
    def read(cls, environment: MutableMapping[str, str]) -> KnowledgeSettings:
        """What `variables` wrote; secrets are taken out of `environment`."""
        directory, folder = environment.get("LOGSENSE_KNOWLEDGE_DIR"), environment.get("LOGSENSE_EMBEDDING_FOLDER")
        return cls(
            Path(directory) if directory else None,
            environment.get("QDRANT_URL") or None,
            environment.pop("QDRANT_API_KEY", None),
            environment.get("LOGSENSE_EMBEDDER") or NO_EMBEDDER,
            environment.get("LOGSENSE_EMBEDDING_MODEL", ""),
            int(environment.get("LOGSENSE_EMBEDDING_DIMENSION") or DEFAULT_DIMENSION),
            environment.get("LOGSENSE_EMBEDDING_URL") or None,
            environment.pop("LOGSENSE_EMBEDDING_KEY", None),
            Path(folder) if folder else None,
            float(environment.get("LOGSENSE_EMBEDDING_SIMILAR_FROM") or DEFAULT_SIMILAR_FROM),
        )


class KnowledgeEngine:
    """One index for all organizations; `of` binds it to one."""

    def __init__(self, settings: KnowledgeSettings) -> None:
        """Nothing is opened yet."""
        self._settings = settings
        self._opened: tuple[VectorIndex, Embedder | None] | None = None

    def of(self, organization_id: OrganizationId) -> KnowledgeBase:
        """The organization's knowledge base.

        Raises:
            ServiceUnavailable: neither a folder nor a server is set.
            Refusal: what is set cannot be opened; the text says what to do.
        """
        if self._opened is None:
            embedder = embedder_for(self._settings)
            self._opened = index_for(self._settings, embedder), embedder
        return QdrantKnowledge(self._opened[0], organization_id, self._opened[1])

    async def close(self) -> None:
        """Let go of the folder, and of connections."""
        if self._opened is not None:
            (index, embedder), self._opened = self._opened, None
            await index.close()
            if embedder is not None:
                await embedder.close()


def index_for(settings: KnowledgeSettings, embedder: Embedder | None) -> VectorIndex:
    """The index of this embedder's vectors. Each engine is loaded only where it is used: both take their time."""
    name, dimension = collection_name(embedder), embedder.dimension if embedder else None
    if settings.qdrant_url is not None:
        from core.gateways.qdrant.server import QdrantServer

        return QdrantServer(settings.qdrant_url, settings.qdrant_api_key, name, dimension)
    if settings.directory is None:
        raise ServiceUnavailable(SERVICE, "No folder is set for the knowledge base.")
    from core.gateways.qdrant.shard import QdrantShard

    return QdrantShard(settings.directory / name, dimension)


def embedder_for(settings: KnowledgeSettings) -> Embedder | None:
    """The embedder that is asked for; None for words and frames only."""
    model = settings.model or DEFAULT_MODELS.get(settings.embedder, "")
    match settings.embedder:
        case "none":
            return None
        case "openai":
            from core.gateways.openai.embeddings import OpenAIEmbedder

            return OpenAIEmbedder(
                settings.api_key or "none",
                settings.base_url,
                model,
                settings.dimension,
                similar_from=settings.similar_from,
            )
        case "local":
            from core.gateways.qdrant.local_embeddings import LocalEmbedder

            return LocalEmbedder(model, settings.folder, similar_from=settings.similar_from)
        case other:
            raise InvalidInput(f"LOGSENSE_EMBEDDER is {other}; it can be none, openai or local.")
