"""`GET /metrics` for Prometheus: what the core counts, and what the queue and the tool server look like just now."""

from __future__ import annotations

import hmac
import time

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from bot.app.bootstrap import App
from core.domain.errors import LogSenseError
from core.telemetry import METRICS, Metric

_REMEMBERED_S = 5.0
QUEUE = ("logsense_queue_depth", "Pieces of work that wait or run", ("kind", "state"))
OLDEST = ("logsense_queue_oldest_seconds", "How long ago the oldest of them was queued", ("kind", "state"))
WAITING = ("logsense_work_waits", "1 while this replica's work waits for its operator or the database", ())
RESTARTS = ("logsense_tool_server_restarts", "Restarts of this replica's tool server", ())


class Metrics:
    """Implements `core.telemetry.Sink` for one application; several in a process do not see each other's."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._token = app.settings.metrics_token
        self._registry = CollectorRegistry()
        self._known: dict[str, Counter | Histogram] = {one.name: _made(one, self._registry) for one in METRICS}
        gauges = (QUEUE, OLDEST, RESTARTS, WAITING)
        self._queue, self._oldest, self._restarts, self._waits = (
            Gauge(name, text, labels, registry=self._registry) for name, text, labels in gauges
        )
        self._looked_at = -_REMEMBERED_S

    def count(self, metric: Metric, amount: float, labels: dict[str, str]) -> None:
        """See the sink."""
        counter = self._known[metric.name]
        assert isinstance(counter, Counter)
        (counter.labels(**labels) if labels else counter).inc(amount)

    def observe(self, metric: Metric, seconds: float, labels: dict[str, str]) -> None:
        """See the sink."""
        histogram = self._known[metric.name]
        assert isinstance(histogram, Histogram)
        (histogram.labels(**labels) if labels else histogram).observe(seconds)

    def routes(self) -> list[web.RouteDef]:
        """The one route; without LOGSENSE_METRICS_TOKEN it is not there."""
        return [web.get("/metrics", self._scraped)] if self._token is not None else []

    async def _scraped(self, request: web.Request) -> web.Response:
        assert self._token is not None
        wanted = f"Bearer {self._token.get_secret_value()}".encode()
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"}, text="Wrong or missing token.\n")
        await self._look()
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _look(self) -> None:
        """The gauges are at most five seconds old; while the database is away the queue's keep what they showed."""
        if time.monotonic() - self._looked_at < _REMEMBERED_S:
            return
        self._looked_at = time.monotonic()
        self._waits.set(self._app.worker is not None and self._app.worker.trouble is not None)
        if self._app.tools is not None:
            self._restarts.set(self._app.tools.process.restarts)
        try:
            depths = await self._app.stores.runs.depth()
        except LogSenseError:
            return
        self._queue.clear()
        self._oldest.clear()
        for depth in depths:
            self._queue.labels(depth.kind, depth.state).set(depth.count)
            self._oldest.labels(depth.kind, depth.state).set(depth.oldest_s)


def _made(metric: Metric, registry: CollectorRegistry) -> Counter | Histogram:
    if metric.buckets:
        return Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=registry)
    return Counter(metric.name, metric.help, metric.labels, registry=registry)
