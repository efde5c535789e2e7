"""One process owns a data directory; its key is made once and kept private."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.app.data_directory import DataDirectory, derived_key
from core.domain.errors import Refusal


def test_only_one_owner_at_a_time(tmp_path: Path) -> None:
    one, other = DataDirectory(tmp_path), DataDirectory(tmp_path)
    with one.ownership() as first, other.ownership() as second:
        assert (first, second) == (True, False)
    with other.ownership() as later:
        assert later


def test_racing_processes_get_the_same_key_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: DataDirectory(tmp_path).secret_key(), range(8)))
    assert len(keys) == 1
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_what_is_put_into_it_is_private(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "home")
    (directory.path / "logsense.db").touch()
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory.path / "logsense.db").stat().st_mode) == 0o600


def test_a_damaged_key_is_told_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("short")
    with pytest.raises(Refusal, match="damaged"):
        DataDirectory(tmp_path).secret_key()


def test_a_place_that_cannot_be_written_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match="LOGSENSE_HOME"):
        DataDirectory(tmp_path / "file" / "home")


def test_keys_for_different_purposes_differ() -> None:
    assert derived_key(b"secret", "masking") != derived_key(b"secret", "other")
