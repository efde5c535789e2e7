"""What all tests share: generated examples may be slow, since the machine may be busy; PostgreSQL for who asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from core.storage.schema import migrate
from tests.postgres import APP, DatabaseUrls, PostgresServer, databases

settings.register_profile("logsense", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("logsense")


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
