"""`restore` takes what `backup` wrote and nothing else, and says so."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import logging
import sqlite3
import tarfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.cli import backup as keeping


@pytest.fixture(autouse=True)
def unchanged_logging() -> Iterator[None]:
    """Take back what the command sets for its process: other tests look at what is logged."""
    loggers = (logging.getLogger(), logging.getLogger("logsense"))
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers = handlers


def archive_of(file: Path, parts: dict[str, bytes]) -> Path:
    """A file in the form of a backup, with those parts."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    manifest = json.dumps({"format": 1, "sha256": digests}).encode()
    with tarfile.open(file, "w:gz") as archive:
        for name, content in {"manifest.json": manifest, **parts}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file


def database(file: Path, *statements: str) -> bytes:
    """A database in which the statements ran."""
    with contextlib.closing(sqlite3.connect(file)) as made:
        for statement in statements:
            made.execute(statement)
        made.commit()
    return file.read_bytes()


def restored(home: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `restore` says when it refuses; nothing was put in place."""
    monkeypatch.setenv("LOGSENSE_HOME", str(home))
    result = CliRunner().invoke(main, ["restore", str(file)])
    assert result.exit_code != 0
    assert not (home / "logsense.db").exists()
    return result.output + str(result.exception)


def test_empty_and_foreign_databases_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = b""
    cleared = database(tmp_path / "cleared.db", "create table a (b)", "drop table a")
    foreign = database(tmp_path / "foreign.db", "create table organizations (id)", "create table notes (text)")
    for number, content in enumerate((empty, cleared, foreign)):
        file = archive_of(tmp_path / f"{number}.tar.gz", {"logsense.db": content})
        assert "empty or of another program" in restored(tmp_path / "home", file, monkeypatch)


def test_a_part_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(keeping._MOST_BYTES, "logsense.db", 1_000)
    file = archive_of(tmp_path / "large.tar.gz", {"logsense.db": b"x" * 1_001})
    assert "more than fits" in restored(tmp_path / "home", file, monkeypatch)


def test_other_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = archive_of(tmp_path / "other.tar.gz", {"logsense.db": b"", "../evil": b"x"})
    assert "not a backup" in restored(tmp_path / "home", file, monkeypatch)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_long_header_is_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: bytes) -> None:
    header = tarfile.TarInfo("manifest.json")
    header.type, header.size = kind, 100 << 20
    file = tmp_path / "header.tar.gz"
    with gzip.open(file, "wb", compresslevel=1) as archive:
        archive.write(header.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(100):
            archive.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        assert "not a backup" in restored(tmp_path / "home", file, monkeypatch)
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
