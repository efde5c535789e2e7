"""Every compiled pattern of the product, found by importing all its modules: a new one cannot be forgotten."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import re2

import adapters
import bot
import core

_RE2 = type(re2.compile("a"))
_ANCHORED = frozenset({"match", "fullmatch"})


@dataclass(frozen=True)
class Found:
    """One pattern, where it stands, and how the code applies it."""

    where: str
    pattern: Any
    method: str
    """`search`, or `match` or `fullmatch` where the module applies the name in no other way."""


def patterns() -> list[Found]:
    """Import all modules of the three packages and collect each distinct pattern once."""
    found: dict[tuple[type, str | bytes, int], Found] = {}
    for module in _modules():
        uses = _uses(module)
        for name, value in list(vars(module).items()):
            if isinstance(value, ModuleType):
                continue
            for path, pattern in _inside(value, name, set(), 0):
                key = (type(pattern), pattern.pattern, getattr(pattern, "flags", 0))
                method = _method(uses.get(name, set())) if path == name else "search"
                known = found.get(key)
                if known is None or method == "search" != known.method:
                    found[key] = Found(f"{module.__name__}.{path}", pattern, method)
    return list(found.values())


def _modules() -> Iterator[ModuleType]:
    for package in (core, adapters, bot):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not any(part in info.name for part in (".programs", ".migrations", "__main__")):
                yield importlib.import_module(info.name)


def _inside(value: Any, path: str, seen: set[int], depth: int) -> Iterator[tuple[str, Any]]:
    """Walk containers, dataclasses and classes of the product."""
    if isinstance(value, re.Pattern | _RE2):
        yield path, value
        return
    if depth > 6 or id(value) in seen:
        return
    seen.add(id(value))
    for name, item in _parts(value):
        yield from _inside(item, f"{path}{name}", seen, depth + 1)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in list(value.items()):
            yield "[key]", key
            yield f"[{key!r:.20}]", item
    elif isinstance(value, tuple | list | set | frozenset):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, type):
        if _is_ours(value):
            yield from ((f".{name}", item) for name, item in list(vars(value).items()))
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield f".{field.name}", getattr(value, field.name, None)
    elif _is_ours(type(value)) and hasattr(value, "__dict__"):
        yield from ((f".{name}", item) for name, item in list(vars(value).items()))
    elif hasattr(value, "__wrapped__") and hasattr(value, "cache_info"):
        yield from _cached(value)


def _cached(function: Any) -> Iterator[tuple[str, Any]]:
    """Call a cached function without parameters, which is how tables of patterns are read from files."""
    code = getattr(function.__wrapped__, "__code__", None)
    if code is not None and code.co_argcount == code.co_kwonlyargcount == 0 and _is_ours(function):
        yield "()", function()


def _is_ours(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] in {"core", "adapters", "bot"}


def _uses(module: ModuleType) -> dict[str, set[str]]:
    """Return the methods that the module's source calls on each of its names; `""` where it passes the name on."""
    with open(str(module.__file__), encoding="utf-8") as source:
        tree = ast.parse(source.read())
    uses: dict[str, set[str]] = {}
    called: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            uses.setdefault(node.value.id, set()).add(node.attr)
            called.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called:
            uses.setdefault(node.id, set()).add("")
    return uses


def _method(uses: set[str]) -> str:
    return ("match" if "match" in uses else "fullmatch") if uses and uses <= _ANCHORED else "search"
