"""Makes the Teams app package: the manifest filled in, zipped with its icons."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.domain.errors import InvalidInput

MANIFEST, COLOR, OUTLINE = "manifest.json", "color.png", "outline.png"
_EXAMPLE_HOST = "https://logsense.example.com"
_BESIDE_THE_PACKAGES = Path(__file__).resolve().parents[3] / "deploy" / "teams"
_IN_A_WHEEL = Path(__file__).with_name("package")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date of a zip: the same manifest makes the same package."""


def manifest(*, app_id: str, public_url: str, reads_channels: bool = True) -> dict[str, Any]:
    """The manifest of the bot with that app id, whose charts come from `public_url`.

    With `reads_channels` owners of a team are asked to let it read replies that do not mention it.

    Raises:
        InvalidInput: the app id is no GUID, or the address cannot be reached by Teams.
    """
    if not _GUID.fullmatch(app_id):
        raise InvalidInput("TEAMS_APP_ID is the application id of the Azure Bot: 32 digits in five groups.")
    address = urlsplit(public_url)
    if address.scheme != "https" or not address.hostname:
        raise InvalidInput("Teams reaches a bot by https only: set LOGSENSE_PUBLIC_URL to such an address.")
    text = (_package() / MANIFEST).read_text(encoding="utf-8")
    text = text.replace(_EXAMPLE_HOST, public_url.rstrip("/"))
    filled: dict[str, Any] = json.loads(text)
    filled["id"] = filled["bots"][0]["botId"] = filled["webApplicationInfo"]["id"] = app_id.lower()
    filled["validDomains"] = [address.hostname]
    if not reads_channels:
        del filled["authorization"]
    return filled


def package(*, app_id: str, public_url: str, reads_channels: bool = True) -> bytes:
    """The zip that a Teams admin uploads. Raises as `manifest` does."""
    filled = manifest(app_id=app_id, public_url=public_url, reads_channels=reads_channels)
    files = {MANIFEST: json.dumps(filled, indent=2, ensure_ascii=False).encode()}
    files |= {name: (_package() / name).read_bytes() for name in (COLOR, OUTLINE)}
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return zipped.getvalue()


def _package() -> Path:
    """Where the template and the icons are; a wheel carries a copy."""
    return _IN_A_WHEEL if _IN_A_WHEEL.exists() else _BESIDE_THE_PACKAGES
