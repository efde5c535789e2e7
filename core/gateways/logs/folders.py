"""Keeps the folders of log indexes: one for each organization, limited in age and in size.

Below the root lie `<hash of the organization>/<handle>/`, and `incoming/<name>/` for what is being downloaded.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from core.domain.errors import InvalidInput

KEPT_DAYS = 7
INCOMING = "incoming"
_ORPHANED_FOR_S = 600.0
"""An organization may be created, and get its first log, after its name was looked up."""


def folder_of(root: Path, organization_id: str, handle: str) -> Path:
    """Return where an organization's index with this handle lies."""
    if not re.fullmatch(r"[0-9a-f]{8,64}", handle):
        raise InvalidInput("There is no log with this name.")
    return _folder(root, organization_id) / handle


def remove_logs(root: Path, organization_id: str) -> tuple[int, int]:
    """Remove every index of an organization; return how many there were, and how many are left."""
    folder = _folder(root, organization_id)
    before = len(_indexes(folder))
    shutil.rmtree(folder, ignore_errors=True)
    return before, len(_indexes(folder))


def sweep(root: Path, organization_ids: Collection[str], now: float) -> int:
    """Remove what is older than `KEPT_DAYS`, and what belongs to none of the organizations; return how many indexes.

    `now` is in seconds since 1970.
    """
    known = {INCOMING, *(_folder(root, id).name for id in organization_ids)}
    removed = 0
    for folder in root.glob("*"):
        is_orphan = folder.name not in known
        kept_s = _ORPHANED_FOR_S if is_orphan else KEPT_DAYS * 86_400.0
        for index in _indexes(folder):
            if _modified(index) < now - kept_s:
                shutil.rmtree(index, ignore_errors=True)
                removed += not index.exists()
    return removed


def make_room(root: Path, organization_id: str, max_bytes: int) -> int:
    """Remove an organization's oldest indexes until the rest takes at most `max_bytes`; return how many were removed."""
    sizes = {index: _size(index) for index in sorted(_indexes(_folder(root, organization_id)), key=_modified)}
    used, removed = sum(sizes.values()), 0
    for index, size in sizes.items():
        if used <= max_bytes:
            break
        shutil.rmtree(index, ignore_errors=True)
        used -= size
        removed += 1
    return removed


def _folder(root: Path, organization_id: str) -> Path:
    return root / hashlib.sha256(organization_id.encode()).hexdigest()[:16]


def _indexes(folder: Path) -> list[Path]:
    return list(folder.glob("*"))


def _modified(path: Path) -> float:
    """Return when a folder was last changed; the end of time for one that another process just removed."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _size(folder: Path) -> int:
    size = 0
    for file in folder.glob("*"):
        try:
            size += file.stat().st_size
        except FileNotFoundError:
            continue
    return size
