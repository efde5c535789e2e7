"""Which hosts a language model may be at: the operator's private ones serve the operator's organization alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.app.bootstrap import build_app
from bot.app.settings import Settings
from core.domain.errors import Refusal
from core.domain.tenancy import ModelConnection, OrganizationId
from tests.fakes.openai_server import ScriptedModel

GLOBEX = OrganizationId("globex")


def settings_for(home: Path, **changes: Any) -> Settings:
    return Settings(_env_file=None, **{"LOGSENSE_HOME": home, **changes})  # type: ignore[call-arg]


async def test_a_tenants_model_that_equals_the_operators_is_refused_all_the_same(tmp_path: Path) -> None:
    async with ScriptedModel([], models=("m",)) as server:
        url = server.base_url
        host = url.split("/")[2]
        same = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url, "LOGSENSE_MODEL": "m", "LOGSENSE_ALLOWED_HOSTS": host}
        async with build_app(settings_for(tmp_path, **same)) as app:
            connection = ModelConnection("k", url, "m")
            assert connection == app.connections.operator_model
            await app.reasoners.try_model(app.organization.id, connection)
            assert await app.reasoners.model(app.organization.id)
            with pytest.raises(Refusal, match="LOGSENSE_TENANT_HOSTS"):
                await app.reasoners.try_model(GLOBEX, connection)
            await app.stores.for_organization(GLOBEX).save_model_connection(connection)
            with pytest.raises(Refusal, match="LOGSENSE_TENANT_HOSTS"):
                await app.reasoners.model(GLOBEX)


async def test_a_host_that_every_organization_may_reach_serves_a_tenants_model(tmp_path: Path) -> None:
    async with ScriptedModel([], models=("m",)) as server:
        host = server.base_url.split("/")[2]
        async with build_app(settings_for(tmp_path, LOGSENSE_TENANT_HOSTS=host)) as app:
            await app.reasoners.try_model(GLOBEX, ModelConnection("k", server.base_url, "m"))
