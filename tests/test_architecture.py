"""The shape of the tree: what import-linter cannot say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path
    for package in ("bot", "adapters", "core")
    for path in (ROOT / package).rglob("*.py")
    if "incidents/programs" not in path.as_posix() and "node_modules" not in path.parts
)
VENDORS = {
    "aiohttp",
    "alembic",
    "asyncpg",
    "cryptography",
    "mcp",
    "openai",
    "qdrant_client",
    "qdrant_edge",
    "sqlalchemy",
}
GATEWAYS = sorted(path for path in SOURCES if path.parent.name == "gateways")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "engine", "service"}
TOP_LEVEL = {"bot", "adapters", "core", "tests", "deploy"}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", GATEWAYS, ids=lambda path: path.name)
def test_a_gateway_speaks_to_at_most_one_vendor(path: Path) -> None:
    assert len(set(_imported(path)) & VENDORS) <= 1


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_reads_as_one_thought(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 350
    assert path.stem not in VAGUE_NAMES
    assert not text or (ast.get_docstring(ast.parse(text)) or "").strip()


def test_functions_are_short() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno > 50
    ]
    assert too_long == []


def test_the_top_level_holds_nothing_unexpected() -> None:
    tracked = {path.name for path in ROOT.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert tracked <= TOP_LEVEL


def test_no_project_file_names_a_machine_path_or_leaves_a_note_to_self() -> None:
    forbidden = re.compile(r"/work/(?!\w*:)|/root/|\bTODO\b|\bFIXME\b|\bXXX\b")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in SOURCES
        if (match := forbidden.search(path.read_text(encoding="utf-8")))
    ]
    assert found == []
