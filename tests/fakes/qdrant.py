"""The far side of a Qdrant server: its REST API over HTTP, on the client library's own local mode.

It proves paths, bodies, keys and failures of the wire, and what filters mean; it is not Qdrant's engine.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter
from qdrant_client import QdrantClient, models

KEY = "qdrant-key"


@dataclass
class QdrantPeer:
    """What was asked, and what it shall answer instead: `failing` is a status for everything but health."""

    url: str = ""
    failing: int | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    engine: QdrantClient = field(default_factory=lambda: QdrantClient(":memory:"))


@asynccontextmanager
async def qdrant_peer() -> AsyncIterator[QdrantPeer]:
    """The server, while the block lasts."""
    peer = QdrantPeer()
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", "/{path:.*}", _answering(peer))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield peer
    finally:
        await runner.cleanup()


def _answering(peer: QdrantPeer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        peer.asked.append((request.method, request.path))
        if peer.failing is not None:
            return _failure(peer.failing, "told to fail")
        if request.headers.get("api-key") != KEY:
            return _failure(401, "Must provide an API key")
        body = await request.json() if request.can_read_body else {}
        _, _, collection, *rest = request.path.split("/")
        try:
            with warnings.catch_warnings():
                # Local mode has no payload indexes and says so.
                warnings.simplefilter("ignore")
                result = _result(peer.engine, request.method, collection, "/".join(rest), body)
        except ValueError as error:
            return _failure(409 if "already exists" in str(error) else 404, str(error))
        return web.json_response({"result": result, "status": "ok", "time": 0.0})

    return answer


def _failure(status: int, why: str) -> web.Response:
    return web.json_response({"status": {"error": why}, "time": 0.0}, status=status)


def _result(engine: QdrantClient, method: str, name: str, rest: str, body: dict[str, Any]) -> object:
    match method, rest:
        case "GET", "exists":
            return {"exists": engine.collection_exists(name)}
        case "PUT", "":
            made = models.CreateCollection(**body)
            return engine.create_collection(
                name, vectors_config=made.vectors, sparse_vectors_config=made.sparse_vectors
            )
        case "GET", "":
            return _plain(engine.get_collection(name))
        case "PUT", "index":
            models.CreateFieldIndex(**body)
            return {"operation_id": 0, "status": "completed"}
        case "PUT", "points":
            return _plain(engine.upsert(name, [models.PointStruct(**point) for point in body["points"]]))
        case "POST", "points/query/batch":
            searches = [models.QueryRequest(**each) for each in body["searches"]]
            return _plain(engine.query_batch_points(name, searches))
        case "POST", "points/scroll":
            asked = models.ScrollRequest(**body)
            points, _ = engine.scroll(
                name, asked.filter, limit=asked.limit or 10, with_payload=True, with_vectors=asked.with_vector or False
            )
            return {"points": _plain(points), "next_page_offset": None}
        case "POST", "points/count":
            return _plain(engine.count(name, models.CountRequest(**body).filter, exact=True))
        case "POST", "points/delete":
            return _plain(engine.delete(name, models.FilterSelector(**body)))
    raise ValueError(f"unknown path {method} {rest}")


def _plain(thing: object) -> object:
    return json.loads(TypeAdapter(type(thing)).dump_json(thing))
