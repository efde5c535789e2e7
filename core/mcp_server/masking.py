"""The masking stage as the tool server uses it; `core.masking` is where it is decided."""

from __future__ import annotations

from typing import Any

from core.masking.controls import without_controls
from core.masking.masker import RULES, Masker, Maskers, may_hold_secrets
from core.masking.placeholders import PLACEHOLDER
from core.masking.shapes import Rule
from core.mcp_server.tenancy import tenant

__all__ = ["PLACEHOLDER", "RULES", "Masker", "Rule", "TenantMasker", "may_hold_secrets", "without_controls"]


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
