"""The rules of gitleaks (MIT), carried as data and run by RE2, for which they are written."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import re2

from core.masking.convert_gitleaks import DATA
from core.masking.randomness import entropy
from core.masking.shapes import Rule


def _read(rule: dict[str, Any]) -> Rule:
    group = rule["group"] or 1
    accept = partial(_is_entropic, rule["entropy"]) if rule["entropy"] else None
    return Rule(rule["id"], re2.compile(rule["regex"]), tuple(rule["keywords"]), accept=accept, group=group)


def _is_entropic(least: float, found: str) -> bool:
    return entropy(found) >= least


RULES: tuple[Rule, ...] = tuple(map(_read, json.loads(DATA.read_text(encoding="utf-8"))["rules"]))
