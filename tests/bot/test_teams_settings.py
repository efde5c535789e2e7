"""Teams' settings go together, or are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.teams.install.config import SERVICES
from bot.app.settings import Settings
from bot.app.teams_settings import teams_config
from core.domain.errors import InvalidInput

BOT = {"TEAMS_APP_ID": "a", "TEAMS_APP_PASSWORD": "hidden", "TEAMS_TENANT_ID": "home"}
PLAYGROUND = {"LOGSENSE_TEAMS_PLAYGROUND": "http://localhost:56150"}


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[call-arg]


def test_without_any_there_is_no_teams() -> None:
    assert teams_config(settings(TEAMS_TENANT_ID="home")) is None


def test_tokens_come_from_the_tenant_that_the_bot_is_registered_in() -> None:
    config = teams_config(settings(**BOT))
    assert config is not None and not config.is_local
    assert config.token_url == "https://login.microsoftonline.com/home/oauth2/v2.0/token"
    assert config.services == SERVICES
    assert "hidden" not in repr(config)


@pytest.mark.parametrize("missing", BOT)
def test_what_is_missing_is_named_and_nobody_is_let_in_unchecked(missing: str) -> None:
    left = {name: value for name, value in BOT.items() if name != missing}
    with pytest.raises(InvalidInput, match=missing):
        teams_config(settings(**left))


def test_the_playground_is_for_this_machine_alone_and_not_beside_a_real_bot() -> None:
    config = teams_config(settings(**PLAYGROUND))
    assert config is not None and config.is_local
    assert config.services == {"http://localhost:56150"}
    with pytest.raises(InvalidInput, match="LOGSENSE_LISTEN"):
        teams_config(settings(**PLAYGROUND, LOGSENSE_LISTEN="0.0.0.0:3000"))
    with pytest.raises(InvalidInput, match="TEAMS_APP_ID"):
        teams_config(settings(**PLAYGROUND, **BOT))


@pytest.mark.parametrize("address", ["http://teams.example", "https://teams.example/?a=1", "teams.example", "https://"])
def test_services_are_reached_by_https_alone(address: str) -> None:
    with pytest.raises(InvalidInput, match="https"):
        teams_config(settings(**BOT, LOGSENSE_TEAMS_SERVICES=address))
