"""Masking as the tenant of the current call chose it; apart from `masking`, which worker processes load without MCP."""

from __future__ import annotations

from typing import Any

from core.masking.masker import Masker, Maskers
from core.mcp_server.tenancy import tenant


class TenantMasker(Masker):
    """Masks the personal data that the tenant of the current call chose."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self._maskers = Maskers(key)

    def text(self, text: str) -> str:
        """Return `text` masked as the tenant chose."""
        return self.chosen().text(text)

    def named(self, name: str, value: str) -> str:
        """Return the value of something called `name`, masked as the tenant chose."""
        return self.chosen().named(name, value)

    def structure(self, thing: Any, depth: int = 0) -> Any:
        """Return decoded JSON masked as the tenant chose."""
        return self.chosen().structure(thing, depth)

    def chosen(self) -> Masker:
        """Return the masker of the tenant of the current call, which works outside of that call, too."""
        return self._maskers.of(tenant().masks)
