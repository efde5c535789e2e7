"""`logsense check`: every part as one row, also when the database, its folder or the key is what is broken."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.app.bootstrap import ready_schema
from bot.app.checks import PROBLEM, NotConfigured, timed
from bot.app.data_directory import DataDirectory
from bot.app.settings import Settings
from bot.cli.exit_codes import ExitCode
from bot.cli.session import Cli, Session
from core.domain.errors import LogSenseError, ServiceFailed
from core.domain.system_errors import Problem, from_os, operator_needed, write_problem
from core.storage.database_stores import open_stores
from core.storage.engine.backup import is_whole
from core.work.background_tasks import CHECK

Row = Mapping[str, Any]

_KNOWLEDGE = "knowledge index"
_PARTS = ("tool server", "Sentry", _KNOWLEDGE, "language model")


async def check_everything(cli: Cli) -> Sequence[Row]:
    """Reach every part, each for itself; when the data is out of reach, the others from a scratch folder."""
    settings = cli.settings
    directory = await timed("data directory", lambda: _directory(settings))
    own = [
        await timed("database", lambda: _database(settings)),
        await timed("secret key", lambda: _secret_key(settings)),
        directory,
    ]
    if not has_problems(own):
        return [*own, *await _parts(cli)]
    try:
        with tempfile.TemporaryDirectory() as scratch:
            nowhere = {"home": Path(scratch), "database_url": None, "secret_key": None, "secret_keys": None}
            rest = await _parts(replace(cli, settings=settings.model_copy(update=nowhere)))
    except OSError as error:
        rest = _unreached(str(from_os(error) or error))
    waits = "not looked at before the rows above are repaired"
    return [*own, *({**row, "state": PROBLEM, "detail": waits} if row["part"] == _KNOWLEDGE else row for row in rest)]


def has_problems(rows: Sequence[Row]) -> bool:
    """Tell whether one of the rows is a problem."""
    return any(row["state"] == PROBLEM for row in rows)


async def _parts(cli: Cli) -> list[Row]:
    found: list[Row] = []

    async def command(session: Session) -> ExitCode:
        found.extend((await session.background_task(CHECK, {}))["checks"])
        return ExitCode.OK

    try:
        await cli.within(command, works=True)
    except LogSenseError as error:
        return _unreached(str(error))
    return found


def _unreached(why: str) -> list[Row]:
    return [{"part": part, "state": PROBLEM, "ms": 0, "detail": f"not reached: {why}"} for part in _PARTS]


async def _directory(settings: Settings) -> str:
    directory = DataDirectory(settings.home)
    if (needed := write_problem(directory.path)) is not None:
        raise needed
    return str(directory.path)


async def _secret_key(settings: Settings) -> str:
    settings.check_secrets()
    if settings.secrets:
        return "from the environment"
    directory = DataDirectory(settings.home)
    directory.secret_key()
    raise NotConfigured(f"generated, in {directory.key_file}. In production set LOGSENSE_SECRET_KEY and back it up")


async def _database(settings: Settings) -> str:
    url = settings.database
    file = sa.make_url(url).database
    try:
        await ready_schema(url)
        async with open_stores(url, owner="check", secret_keys=["unused"]) as stores:
            await stores.directory.organizations()
    except OSError as error:
        raise from_os(error) or ServiceFailed("the database", str(error)) from error
    if not settings.is_shared and file is not None and not is_whole(Path(file)):
        raise operator_needed(Problem.DAMAGED, file)
    return url.split("://", 1)[0]
