"""A database that goes away when work begins ends nothing: work waits, and goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.app import owner
from bot.app.bootstrap import build_app
from bot.app.owner import working
from bot.app.settings import Settings
from tests.postgres import DatabaseUrls, PostgresServer


async def test_a_database_that_goes_away_while_work_begins_is_waited_for(
    postgres_server: PostgresServer,
    postgres_urls: DatabaseUrls,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owner, "_INDEX_AGAIN_S", 0.05)
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None,
        LOGSENSE_HOME=tmp_path,
        DATABASE_URL=postgres_urls.app,
        LOGSENSE_SECRET_KEY="Sixteen-Horses-ran-over-9-hills-and-a-bridge",
    )
    async with build_app(settings) as app:
        _let_in(postgres_server, postgres_urls, False)
        try:
            with caplog.at_level(logging.DEBUG):
                async with working(app, gives_up=False):
                    await _until(lambda: "the organizations cannot be read yet" in caplog.text)
                    await _until(lambda: app.worker is not None and app.worker.trouble is not None)
                    _let_in(postgres_server, postgres_urls, True)
                    await _until(lambda: app.worker is not None and app.worker.trouble is None)
        finally:
            _let_in(postgres_server, postgres_urls, True)


def _let_in(server: PostgresServer, urls: DatabaseUrls, is_open: bool) -> None:
    server.sql(f"alter database {urls.name} with allow_connections {str(is_open).lower()}")
    if not is_open:
        server.cut_connections()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.02)
