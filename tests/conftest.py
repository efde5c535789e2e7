"""What all tests share: generated examples may be slow, since the machine may be busy; PostgreSQL for who asks."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from core.gateways.mcp import process as mcp_process
from core.storage.schema import migrate
from tests import forkserver
from tests.leaks import Leaks
from tests.postgres import APP, DatabaseUrls, PostgresServer, databases

settings.register_profile("logsense", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("logsense")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their length: compressed ones hold the time, and both workers have to collect the same names."""
    return f"{len(val)}-bytes" if isinstance(val, bytes) else None


@pytest.fixture(scope="session", autouse=True)
def forked_tool_servers() -> Iterator[None]:
    """Let tool servers begin with everything imported; each is a process of its own, as ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mcp_process, "TOOL_SERVER_COMMAND", forkserver.command("core.mcp_server"))
        yield


@pytest.fixture(scope="session", autouse=True)
def leaks() -> Iterator[Leaks]:
    """No secret that the run used stands in anything it logged; the last test of the process fails otherwise."""
    leaks, root = Leaks(), logging.getLogger()
    root.addHandler(leaks)
    levels = {name: logging.getLogger(name).level for name in ("", "logsense")}
    root.setLevel(logging.INFO)
    logging.getLogger("logsense").setLevel(logging.DEBUG)
    yield leaks
    root.removeHandler(leaks)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    assert not leaks.found, leaks.found


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process, gone at the end."""
    server = PostgresServer.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated database to copy."""
    urls = postgres_server.create_database()
    asyncio.run(migrate(urls.owner, application_role=APP))
    return urls.name


@pytest.fixture
def postgres_urls(postgres_server: PostgresServer, postgres_template: str) -> Iterator[DatabaseUrls]:
    """A migrated PostgreSQL database without rows."""
    yield from databases(postgres_server, postgres_template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    file = tmp_path_factory.mktemp("template") / "logsense.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseUrls]:
    """A migrated database without rows, as its owner and as the serving role reach it."""
    if request.param == "sqlite":
        file = tmp_path / "logsense.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield DatabaseUrls(*[f"sqlite:///{file}"] * 3)
    else:
        yield request.getfixturevalue("postgres_urls")
