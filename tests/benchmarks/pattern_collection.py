"""Every pattern of the product: a new one cannot be forgotten.

Compiled patterns are found by importing all modules that import `re` or `re2`, those inside functions by reading the
source, where an unknown part of a pattern (an escaped name, say) becomes `a`.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import re2

import adapters
import bot
import core

_RE2 = type(re2.compile("a"))
_ANCHORED = frozenset({"match", "fullmatch"})
_TAKES_PATTERN = frozenset({"match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer", "compile"})
_IMPORTS_RE = re.compile(r"^[ \t]*+(?:import|from) [^\n]*\bre2?\b", re.MULTILINE)
_SCALARS = (str, bytes, int, float, complex, type(None))
_Nodes = list[tuple[ast.AST, ast.AST | None]]


@dataclass(frozen=True)
class Found:
    """One pattern, where it stands, and how the code applies it."""

    where: str
    pattern: Any
    method: str
    """`search`, or `match` or `fullmatch` where the module applies the name in no other way."""

    @property
    def is_re2(self) -> bool:
        """Whether RE2 applies it, which takes linear time whatever the pattern is."""
        return isinstance(self.pattern, _RE2)


def patterns() -> list[Found]:
    """Import all modules of the three packages that can make a pattern, and collect each distinct one once."""
    return patterns_of(_modules())


def patterns_of(modules: Iterable[ModuleType]) -> list[Found]:
    """Collect each distinct pattern of `modules` once."""
    found: dict[tuple[type, str | bytes, int], Found] = {}
    seen: set[int] = set()
    for module in modules:
        nodes = list(_with_function(_tree(module), None))
        uses = _uses(nodes)
        for name, value in list(vars(module).items()):
            if isinstance(value, ModuleType):
                continue
            for path, pattern in _inside(value, name, seen, 0):
                method = _method(uses.get(name, set())) if path == name else "search"
                _keep(found, Found(f"{module.__name__}.{path}", pattern, method))
        for each in _written_in(nodes, module):
            _keep(found, each)
    return list(found.values())


def _keep(found: dict[tuple[type, str | bytes, int], Found], new: Found) -> None:
    key = (type(new.pattern), new.pattern.pattern, getattr(new.pattern, "flags", 0))
    known = found.get(key)
    if known is None or new.method == "search" != known.method:
        found[key] = new


def _modules() -> Iterator[ModuleType]:
    for package in (core, adapters, bot):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not any(part in info.name for part in (".programs", ".migrations", "__main__")):
                origin = find_spec(info.name)
                if origin and origin.origin and _IMPORTS_RE.search(Path(origin.origin).read_text(encoding="utf-8")):
                    yield importlib.import_module(info.name)


def _inside(value: Any, path: str, seen: set[int], depth: int) -> Iterator[tuple[str, Any]]:
    """Walk containers, dataclasses and classes of the product; `seen` are those of this or another module."""
    if isinstance(value, re.Pattern | _RE2):
        yield path, value
        return
    if depth > 6 or isinstance(value, _SCALARS) or id(value) in seen:
        return
    seen.add(id(value))
    for name, item in _parts(value):
        yield from _inside(item, f"{path}{name}", seen, depth + 1)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from (("[key]", key) for key in list(value))
        yield from ((f"[{key!r:.20}]", item) for key, item in list(value.items()) if not isinstance(item, _SCALARS))
    elif isinstance(value, tuple | list | set | frozenset):
        yield from ((f"[{index}]", item) for index, item in enumerate(value) if not isinstance(item, _SCALARS))
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
    return str(getattr(thing, "__module__", "")).partition(".")[0] in {"core", "adapters", "bot", "tests"}


def _tree(module: ModuleType) -> ast.Module:
    with open(str(module.__file__), encoding="utf-8") as source:
        return ast.parse(source.read())


def _with_function(node: ast.AST, function: ast.AST | None) -> Iterator[tuple[ast.AST, ast.AST | None]]:
    """Yield each node below `node` with the outermost function that it is in, if any."""
    for child in ast.iter_child_nodes(node):
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        within = function or (child if is_function else None)
        yield child, within
        yield from _with_function(child, within)


def _written_in(nodes: _Nodes, module: ModuleType) -> Iterator[Found]:
    """Yield the patterns that functions pass to `re.search` and the like."""
    for node, function in nodes:
        if function and isinstance(node, ast.Call) and (method := _method_of_re(node)) and node.args:
            yield from _compiled(node, method, function, module)


def _method_of_re(call: ast.Call) -> str | None:
    called = call.func
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "re":
        return called.attr if called.attr in _TAKES_PATTERN else None
    return None


def _compiled(call: ast.Call, method: str, function: ast.AST, module: ModuleType) -> Iterator[Found]:
    for text in _texts(call.args[0], function, module):
        flags = sum({_flag(node) for node in [*call.args[1:], *(each.value for each in call.keywords)]})
        where = f"{module.__name__}:{call.lineno}"
        yield Found(where, re.compile(text, flags), method if method in _ANCHORED else "search")


def _flag(node: ast.AST) -> int:
    """Return the flags that `node` names, and 0 for any other argument."""
    return sum(
        int(getattr(re, each.attr, 0))
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(getattr(re, each.attr, None), re.RegexFlag)
    )


def _texts(node: ast.AST, function: ast.AST, module: ModuleType) -> Iterator[str]:
    """Yield what `node` may be: a literal, one with parts, or what was assigned to a name in `function`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(_part(part, module) for part in node.values)
    elif isinstance(node, ast.Name) and isinstance(known := vars(module).get(node.id), str):
        yield known
    elif isinstance(node, ast.Name):
        for each in ast.walk(function):
            if isinstance(each, ast.Assign) and any(getattr(to, "id", None) == node.id for to in each.targets):
                yield from _texts(each.value, function, module)
    elif isinstance(node, ast.Subscript | ast.Dict | ast.IfExp | ast.BinOp):
        for part in ast.iter_child_nodes(node):
            yield from _texts(part, function, module)


def _part(part: ast.expr, module: ModuleType) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    value = part.value if isinstance(part, ast.FormattedValue) else part
    known = vars(module).get(value.id) if isinstance(value, ast.Name) else None
    return known if isinstance(known, str) else "a"


def _uses(nodes: _Nodes) -> dict[str, set[str]]:
    """Return the methods that the module's source calls on each of its names; `""` where it passes the name on."""
    uses: dict[str, set[str]] = {}
    called: set[int] = set()
    for node, _ in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            uses.setdefault(node.value.id, set()).add(node.attr)
            called.add(id(node.value))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called:
            uses.setdefault(node.id, set()).add("")
    return uses


def _method(uses: set[str]) -> str:
    return ("match" if "match" in uses else "fullmatch") if uses and uses <= _ANCHORED else "search"
