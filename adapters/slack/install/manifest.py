"""Reads `manifest.yml`, which says what Slack is told about LogSense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_EXAMPLE_HOST = "https://logsense.example.com"
_BESIDE_THE_PACKAGES = Path(__file__).resolve().parents[3] / "manifest.yml"
_IN_A_WHEEL = Path(__file__).with_name("manifest.yml")


def manifest_text(*, public_url: str | None = None) -> str:
    """The manifest with the addresses of `public_url`; without one they are left as the example's."""
    # A wheel carries a copy.
    kept = _IN_A_WHEEL if _IN_A_WHEEL.exists() else _BESIDE_THE_PACKAGES
    text = kept.read_text(encoding="utf-8")
    return text if public_url is None else text.replace(_EXAMPLE_HOST, public_url.rstrip("/"))


def manifest(*, public_url: str | None = None) -> dict[str, Any]:
    """The same as plain data."""
    read: dict[str, Any] = yaml.safe_load(manifest_text(public_url=public_url))
    return read


def bot_scopes() -> tuple[str, ...]:
    """What the bot asks for at install time."""
    return tuple(manifest()["oauth_config"]["scopes"]["bot"])
