"""A machine's clock that is set does not take leases away, or keep duties from those who come later."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.storage.engine.database import Database
from core.storage.engine.monotonic_clock import SteadyClock


@pytest.mark.parametrize("jump_s", [86_400.0, -86_400.0])
async def test_the_clock_of_leases_does_not_follow_the_machines(
    jump_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, database = SteadyClock(), Database(f"sqlite:///{tmp_path / 'x.db'}")
    real = time.time
    before = clock()
    monkeypatch.setattr(time, "time", lambda: real() + jump_s)
    try:
        import sqlalchemy as sa

        ((now_s,),) = await database.rows(sa.select(database.now_s))
    finally:
        await database.close()
    assert before <= clock() < before + 3600
    assert before <= now_s < before + 3600
