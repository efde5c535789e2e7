from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.domain.errors import AccessDenied, InvalidInput, ServiceFailed, ServiceUnavailable
from core.storage.database_stores import open_stores
from core.storage.engine.database import Database, Lock
from tests.postgres import APP, DatabaseUrls, PostgresServer
from tests.storage.samples import ACME


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "postgresql://host/name"])
async def test_a_url_of_another_database_is_refused_with_the_accepted_forms(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"sqlite:///path/to/file or postgresql\+asyncpg://"):
        async with open_stores(url, owner="w", secret_keys=["key"]):
            pytest.fail("opened")


async def test_a_database_without_tables_says_which_command_makes_them(empty_database_urls: DatabaseUrls) -> None:
    async with open_stores(empty_database_urls.app, owner="w", secret_keys=["key"]) as stores:
        with pytest.raises(ServiceFailed, match="run `logsense migrate`"):
            await stores.for_organization(ACME).run_state("x")
        with pytest.raises(ServiceFailed, match="run `logsense migrate`"):
            await stores.runs.claim(1)


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("postgresql+asyncpg://u:secret@127.0.0.1:1/x", "check that it runs"),
        ("postgresql+asyncpg://u:secret@/x?host=/nowhere", "check that it runs"),
        ("sqlite:////nowhere/at/all/x.db", "check its folder"),
    ],
)
async def test_a_database_that_cannot_be_reached_says_what_to_check(url: str, advice: str) -> None:
    async with open_stores(url, owner="w", secret_keys=["key"]) as stores:
        with pytest.raises(ServiceUnavailable, match=advice) as caught:
            await stores.runs.claim(1)
    assert caught.value.service == "the database"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)
async def test_a_refused_user_is_told_apart_from_a_database_that_is_down(database_url: str) -> None:
    stranger = database_url.replace(f"{APP}:@", "stranger:secret@")
    async with open_stores(stranger, owner="w", secret_keys=["key"]) as stores:
        with pytest.raises(AccessDenied, match="refused our user or password"):
            await stores.runs.claim(1)


async def test_a_file_that_is_no_database_is_named_as_the_problem(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(b"this is not a database, whatever its name says" * 100)
    async with open_stores(f"sqlite:///{file}", owner="w", secret_keys=["key"]) as stores:
        with pytest.raises(ServiceFailed, match="not a database"):
            await stores.runs.claim(1)


@pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)
async def test_a_connection_that_was_lost_while_nobody_used_it_is_replaced_unseen(
    database_url: str, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.engine.database._IDLE_S", 0.0)
    async with open_stores(database_url, owner="w", secret_keys=["key"]) as stores:
        store = stores.for_organization(ACME)
        assert await store.run_state("x") is None
        postgres_server.cut_connections()
        assert await store.run_state("x") is None


@pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)
async def test_a_replica_that_is_paused_within_a_transaction_does_not_keep_its_locks(database_url: str) -> None:
    paused, other = Database(database_url).directory(), Database(database_url).directory()

    def stand_still(connection: sa.Connection) -> None:
        time.sleep(2.5)
        connection.execute(sa.text("select 1"))

    try:
        holding = asyncio.create_task(paused.write(stand_still, Lock.CLAIM))
        await asyncio.sleep(0.5)
        async with asyncio.timeout(10):
            await other.write(lambda connection: None, Lock.CLAIM)
        with pytest.raises(ServiceUnavailable):
            await holding
    finally:
        await paused.close()
        await other.close()
