"""`logsense backup` and `logsense restore`: the data directory as one file."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from bot.app.bootstrap import build_app, now
from bot.app.data_directory import DataDirectory
from bot.app.settings import terminal_user
from bot.cli.options import json_option
from bot.cli.session import Cli
from core.domain.errors import InvalidInput, Refusal
from core.domain.tenancy import OrganizationId
from core.requests.administer import Administration
from core.storage.engine.backup import copy_database, is_ours, is_whole

DATABASE, KEY, MANIFEST = "logsense.db", "secret.key", "manifest.json"
_FORMAT = 1
_PIECE_BYTES = 1 << 16
_MOST_BYTES = {MANIFEST: 1 << 16, KEY: 1 << 16, DATABASE: 64 << 30}
_ON_POSTGRESQL = "This data is on PostgreSQL: back it up with pg_dump, and keep LOGSENSE_SECRET_KEYS beside it."


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def backup(cli: Cli, file: Path) -> None:
    """Copy everything in the data directory into FILE, while LogSense runs.

    FILE holds the key that opens the stored tokens, unless the key is in the environment: keep it as safe as they are.
    The search index is left out; it is built again by `logsense knowledge reindex`.
    """
    if cli.settings.is_shared:
        raise Refusal(_ON_POSTGRESQL)
    home = DataDirectory(cli.settings.home)
    if not (home.path / DATABASE).exists():
        raise Refusal(f"There is nothing in {home.path} yet.")
    if file.exists():
        raise Refusal(f"{file} is there already: name another file.")
    names = [DATABASE, KEY] if home.key_file.exists() else [DATABASE]
    # First, so that the copy says too where it comes from.
    asyncio.run(_on_record(cli, lambda administration, home: administration.backed_up(home, str(file), names)))
    with tempfile.TemporaryDirectory(dir=home.path) as scratch:
        copy = Path(scratch) / DATABASE
        copy_database(home.path / DATABASE, copy)
        parts = {DATABASE: copy.read_bytes()}
        if home.key_file.exists():
            parts[KEY] = home.key_file.read_bytes()
        _write(file, parts)
    size = file.stat().st_size
    if cli.as_json:
        cli.print_json({"file": str(file), "bytes": size, "parts": list(parts)})
    cli.say(f"{file} has {' and '.join(parts)}: {size:,} bytes.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Instead of what is in the data directory now, which is kept beside it.")
@json_option
@click.pass_obj
def restore(cli: Cli, file: Path, replace: bool) -> None:
    """Put what `logsense backup` wrote into the data directory; nothing changes unless FILE is whole.

    LogSense must not run meanwhile. Afterwards build the search index again: logsense knowledge reindex
    """
    if cli.settings.is_shared:
        raise Refusal(_ON_POSTGRESQL)
    home = DataDirectory(cli.settings.home)
    with home.ownership() as is_owner:
        if not is_owner:
            raise Refusal("LogSense runs on this data directory: stop it first.")
        if (home.path / DATABASE).exists() and not replace:
            raise Refusal(f"{home.path} is not empty. To put what it has aside and restore, add --replace.")
        with tempfile.TemporaryDirectory(dir=home.path) as scratch:
            parts = _unpack(file, Path(scratch))
            if not is_whole(Path(scratch) / DATABASE):
                raise InvalidInput(f"The database in {file} is damaged. Nothing was changed.")
            if not is_ours(Path(scratch) / DATABASE):
                raise InvalidInput(
                    f"The database in {file} is empty or of another program, so it is not restored. "
                    "Nothing was changed. Name a file that logsense backup wrote."
                )
            kept = _put_aside(home.path)
            for name in parts:
                os.replace(Path(scratch) / name, home.path / name)
    with file.open("rb") as archive:
        digest = hashlib.file_digest(archive, "sha256").hexdigest()
    asyncio.run(_on_record(cli, lambda administration, home: administration.restored(home, str(file), digest)))
    if cli.as_json:
        cli.print_json({"restored": list(parts), "kept": [str(path) for path in kept]})
    cli.say(f"{' and '.join(parts)} are in {home.path}. Now run: logsense knowledge reindex")
    for path in kept:
        cli.say(f"What was there is kept in {path}.")


async def _on_record(cli: Cli, act: Callable[[Administration, OrganizationId], Awaitable[None]]) -> None:
    """Put what the operator did on record in the operator's own organization."""
    async with build_app(cli.settings) as app:
        await act(Administration(app.stores, terminal_user(), "terminal", now), app.organization.id)


def _write(file: Path, parts: dict[str, bytes]) -> None:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    manifest = json.dumps({"format": _FORMAT, "sha256": digests}).encode()
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in ((MANIFEST, manifest), *parts.items()):
            (Path(scratch) / name).write_bytes(content)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out, tarfile.open(fileobj=out, mode="w:gz") as archive:
            for name in (MANIFEST, *parts):
                archive.add(Path(scratch) / name, arcname=name)


class _InPieces(gzip.GzipFile):
    """Refuses to read much at once: tarfile would read a header of any length into memory."""

    def read(self, size: int | None = -1) -> bytes:
        """Read at most one piece. Raises ReadError when more is asked for."""
        if size is None or not 0 <= size <= _PIECE_BYTES:
            raise tarfile.ReadError("a header is too long")
        return super().read(size)


def _unpack(file: Path, scratch: Path) -> list[str]:
    """Write the parts into `scratch` piece by piece and name them.

    Raises:
        InvalidInput: the file is not ours, of a later format, damaged, or larger than what may be restored.
    """
    found: dict[str, str] = {}
    try:
        with _InPieces(file) as unpacked, tarfile.open(fileobj=unpacked, mode="r:") as archive:
            for member in archive:
                if member.name not in _MOST_BYTES or member.name in found or not member.isfile():
                    raise InvalidInput(f"{file} is not a backup of LogSense. Nothing was changed.")
                if member.size > min(_MOST_BYTES[member.name], shutil.disk_usage(scratch).free):
                    raise InvalidInput(
                        f"{member.name} in {file} is {member.size:,} bytes: more than fits. Nothing was changed."
                    )
                found[member.name] = _copied(archive, member, scratch / member.name)
        manifest = json.loads((scratch / MANIFEST).read_bytes())
        digests = dict(manifest["sha256"])
    except (tarfile.TarError, EOFError, OSError, KeyError, TypeError, ValueError, RecursionError, zlib.error):
        raise InvalidInput(f"{file} is not a backup of LogSense, or is damaged. Nothing was changed.") from None
    if manifest.get("format") != _FORMAT:
        raise InvalidInput(f"{file} was made by another version of LogSense. Restore it with that one.")
    if DATABASE not in digests or not set(digests) <= {DATABASE, KEY}:
        raise InvalidInput(f"{file} is not a backup of LogSense. Nothing was changed.")
    if any(found.get(name) != digest for name, digest in digests.items()):
        raise InvalidInput(f"{file} is damaged. Nothing was changed.")
    return list(digests)


def _copied(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> str:
    """Write the member to `target`; its digest."""
    source, digest = archive.extractfile(member), hashlib.sha256()
    assert source is not None
    with source, target.open("wb") as out:
        while piece := source.read(_PIECE_BYTES):
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _put_aside(home: Path) -> list[Path]:
    kept = []
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", KEY, "knowledge"):
        if (home / name).exists():
            aside = home / f"{name}.before-restore"
            number = 1
            while aside.exists():
                number += 1
                aside = home / f"{name}.before-restore-{number}"
            os.replace(home / name, aside)
            kept.append(aside)
    return kept
