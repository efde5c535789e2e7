"""The app package is what Teams' own schema wants, and its icons are as Teams wants them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator  # type: ignore[import-untyped]
from PIL import Image

from adapters.teams.inbound.commands import parse_command
from adapters.teams.install.manifest import manifest, package
from core.domain.errors import InvalidInput

APP_ID = "11111111-2222-3333-4444-55555555555A"
URL = "https://chat.acme.example:8443/"
SCHEMA = json.loads((Path(__file__).parent / "schemas" / "teams-manifest-1.20.json").read_bytes())


def made(**changes: Any) -> dict[str, Any]:
    return manifest(**{"app_id": APP_ID, "public_url": URL, **changes})


@pytest.mark.parametrize("reads_channels", [True, False])
def test_the_manifest_is_what_teams_wants(reads_channels: bool) -> None:
    assert [error.message for error in Draft4Validator(SCHEMA).iter_errors(made(reads_channels=reads_channels))] == []


def test_it_names_the_bot_and_the_address_and_nothing_of_the_example() -> None:
    filled = made()
    assert {filled["id"], filled["bots"][0]["botId"], filled["webApplicationInfo"]["id"]} == {APP_ID.lower()}
    assert filled["validDomains"] == ["chat.acme.example"]
    assert "logsense.example.com" not in json.dumps(filled)
    assert filled["developer"]["websiteUrl"] == "https://chat.acme.example:8443"


def test_reading_channels_is_asked_for_only_when_wanted() -> None:
    asked = made()["authorization"]["permissions"]["resourceSpecific"]
    assert asked == [{"name": "ChannelMessage.Read.Group", "type": "Application"}]
    assert "authorization" not in made(reads_channels=False)


def test_every_listed_command_is_one() -> None:
    for commands in made()["bots"][0]["commandLists"]:
        for command in commands["commands"]:
            assert type(parse_command(command["title"])).__name__ != "Unknown"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"app_id": ""}, "TEAMS_APP_ID"),
        ({"app_id": "28:x"}, "TEAMS_APP_ID"),
        ({"public_url": "http://chat.acme.example"}, "LOGSENSE_PUBLIC_URL"),
        ({"public_url": ""}, "LOGSENSE_PUBLIC_URL"),
    ],
)
def test_what_teams_would_refuse_is_refused_before(changes: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        made(**changes)


def test_the_package_is_the_manifest_with_its_icons_and_the_same_every_time() -> None:
    zipped = package(app_id=APP_ID, public_url=URL)
    assert zipped == package(app_id=APP_ID, public_url=URL)
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert archive.namelist() == ["manifest.json", "color.png", "outline.png"]
        assert json.loads(archive.read("manifest.json")) == made()
        color, outline = (Image.open(io.BytesIO(archive.read(name))) for name in ("color.png", "outline.png"))
    assert (color.size, outline.size) == ((192, 192), (32, 32))
    pixels = outline.convert("RGBA").tobytes()
    assert pixels[3] == 0
    assert all(pixels[at : at + 3] == b"\xff\xff\xff" for at in range(0, len(pixels), 4) if pixels[at + 3])
