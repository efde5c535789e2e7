"""The indexes of logs are limited in age and size, and go with their organization."""

from __future__ import annotations

import os
from pathlib import Path

from core.gateways.logs.folders import INCOMING, KEPT_DAYS, folder_of, make_room, remove_logs, sweep

NOW = 2_000_000_000.0
DAY_S = 86_400.0


def index(root: Path, organization_id: str, handle: str, *, age_s: float = 0.0, size: int = 100) -> Path:
    folder = folder_of(root, organization_id, handle)
    return dated(folder, age_s, size)


def dated(folder: Path, age_s: float, size: int = 100) -> Path:
    folder.mkdir(parents=True)
    (folder / "raw").write_bytes(bytes(size))
    os.utime(folder, (NOW - age_s, NOW - age_s))
    return folder


def test_all_indexes_of_an_organization_are_removed_and_no_others(tmp_path: Path) -> None:
    gone = [index(tmp_path, "acme", handle) for handle in ("a" * 16, "b" * 16)]
    kept = index(tmp_path, "initech", "a" * 16)
    assert remove_logs(tmp_path, "acme") == (2, 0)
    assert not any(folder.exists() for folder in gone) and (kept / "raw").exists()
    assert remove_logs(tmp_path, "acme") == (0, 0)


def test_old_indexes_and_old_downloads_are_swept(tmp_path: Path) -> None:
    old = [
        index(tmp_path, "acme", "a" * 16, age_s=KEPT_DAYS * DAY_S + 60),
        dated(tmp_path / INCOMING / "left-by-a-crash", KEPT_DAYS * DAY_S + 60),
    ]
    young = [
        index(tmp_path, "acme", "b" * 16, age_s=KEPT_DAYS * DAY_S - 60),
        dated(tmp_path / INCOMING / "being-downloaded", 60),
    ]
    assert sweep(tmp_path, {"acme"}, NOW) == 2
    assert not any(folder.exists() for folder in old) and all(folder.exists() for folder in young)
    assert sweep(tmp_path / "nothing-yet", {"acme"}, NOW) == 0


def test_what_belongs_to_no_organization_is_swept_unless_it_may_be_just_created(tmp_path: Path) -> None:
    orphan = index(tmp_path, "deleted", "a" * 16, age_s=3_600)
    created = index(tmp_path, "created-just-now", "a" * 16, age_s=5)
    kept = index(tmp_path, "acme", "a" * 16, age_s=3_600)
    assert sweep(tmp_path, {"acme"}, NOW) == 1
    assert not orphan.exists() and created.exists() and kept.exists()


def test_the_oldest_indexes_of_an_organization_make_room_for_a_new_one(tmp_path: Path) -> None:
    ages = {handle * 16: age for age, handle in enumerate("abcd")}
    folders = {h: index(tmp_path, "acme", h, age_s=age * DAY_S, size=1_000) for h, age in ages.items()}
    others = index(tmp_path, "initech", "a" * 16, age_s=6 * DAY_S, size=9_000)
    assert make_room(tmp_path, "acme", 10_000) == 0
    assert make_room(tmp_path, "acme", 2_500) == 2
    assert [handle[0] for handle, folder in folders.items() if folder.exists()] == ["a", "b"]
    assert others.exists()
