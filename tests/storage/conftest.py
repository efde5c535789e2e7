"""Every store test runs on a SQLite file and on a real PostgreSQL server, each test in a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.storage.database_stores import SqlStores, open_stores
from tests.postgres import DatabaseUrls, databases


@pytest.fixture
def database_url(database_urls: DatabaseUrls) -> str:
    """A migrated database without rows, as the role that serves reaches it."""
    return database_urls.app


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseUrls]:
    """A database without tables."""
    if request.param == "sqlite":
        yield DatabaseUrls(*[f"sqlite:///{tmp_path / 'logsense.db'}"] * 3)
    else:
        yield from databases(request.getfixturevalue("postgres_server"), "template0")


@pytest.fixture
async def stores(database_url: str) -> AsyncIterator[SqlStores]:
    """The stores of one worker."""
    async with open_stores(database_url, owner="worker", secret_keys=["key"]) as stores:
        yield stores


@pytest.fixture
async def late_stores(database_url: str) -> AsyncIterator[SqlStores]:
    """The stores of a worker so slow that its leases have run out whenever anybody looks."""
    async with open_stores(database_url, owner="late worker", secret_keys=["key"], lease_s=-1.0) as stores:
        yield stores
