from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from core.storage.tables import UtcTime, metadata

CONTENT = {"body", "text", "payload", "title"}


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_table_says_whose_it_is_and_keeps_to_it(table: sa.Table) -> None:
    match table.info.get("scope"):
        case "tenant":
            assert not table.c.organization_id.nullable
        case "directory":
            assert not CONTENT & set(table.c.keys()), "incident content belongs into a tenant table"
        case scope:
            pytest.fail(f"{table.name} has scope {scope!r}")


@pytest.mark.parametrize("url", ["sqlite://", "postgresql+asyncpg://"])
def test_a_time_comes_back_in_utc_whatever_zone_it_had(url: str) -> None:
    dialect = sa.make_url(url).get_dialect()()
    noon = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    kept = UtcTime().process_bind_param(noon, dialect)
    assert UtcTime().process_result_value(kept, dialect) == noon
    assert UtcTime().process_result_value(kept, dialect) == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcTime().process_bind_param(datetime(2026, 3, 1), sa.make_url("sqlite://").get_dialect()())
