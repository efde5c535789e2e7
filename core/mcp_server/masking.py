"""The masking stage as the tool server uses it; `core.masking` is where it is decided."""

from __future__ import annotations

from core.masking.controls import without_controls
from core.masking.masker import RULES, Masker, may_hold_secrets
from core.masking.placeholders import PLACEHOLDER
from core.masking.shapes import Rule

__all__ = ["PLACEHOLDER", "RULES", "Masker", "Rule", "may_hold_secrets", "without_controls"]
