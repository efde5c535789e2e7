"""Tells whose code a stack frame is by its path, module or package, from `library_code.toml`. Pure."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

_CHARS = 500


def is_library_path(path: str) -> bool:
    """Whether somebody else wrote the code at `path`: a runtime, a framework, an installed package."""
    return _patterns()[0].search(path[:_CHARS]) is not None


def is_library_module(module: str) -> bool:
    """Whether a module, class or package belongs to a runtime, a framework or a well-known library."""
    return _patterns()[1].match(module[:_CHARS]) is not None


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    tables = tomllib.loads(files("core.domain").joinpath("library_code.toml").read_text(encoding="utf-8"))
    paths = "|".join(path for table in tables.values() for path in table["paths"])
    modules = "|".join(module for table in tables.values() for module in table["modules"])
    return re.compile(rf"(?i:{paths})"), re.compile(rf"(?:{modules})(?:[.:/\\$ ]|$)")
