"""The documents lead where they say, are short where they must be, and say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.cli.command_reference import command_reference

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "core/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
]


def _text(page: Path) -> str:
    """The page without its code, in which nothing is a link or a heading."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", _text(page)):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_readme_is_read_in_two_minutes() -> None:
    text = (ROOT / "README.md").read_bytes()
    assert len(text.splitlines()) <= 150 and len(text) <= 8_000


def test_every_document_is_found_from_the_index() -> None:
    found, ahead = set(), [ROOT / "docs" / "index.md"]
    while ahead:
        page = ahead.pop()
        if page in found:
            continue
        found.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)", _text(page))
        ahead += [(page.parent / link).resolve() for link in links if "://" not in link]
    assert [page for page in (ROOT / "docs").rglob("*.md") if page not in found] == []


def test_prose_is_wrapped() -> None:
    long = [
        f"{page.relative_to(ROOT)}: {line[:60]}"
        for page in (ROOT / "docs").rglob("*.md")
        for line in _text(page).splitlines()
        if len(line) > 100 and not line.startswith(("|", "#", "!", "- [")) and " " in line[:100].strip()
    ]
    assert long == []


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    page = (ROOT / "docs" / "guide" / "commands.md").read_text(encoding="utf-8")
    assert page == command_reference(), "make it so: make docs"


def test_the_files_that_the_architecture_names_exist() -> None:
    overview = (ROOT / "docs" / "architecture" / "overview.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:adapters|bot|core)/[\w/]+(?:\.py|/)?)`", overview)
    assert len(named) > 15 and [path for path in named if not (ROOT / path).exists()] == []
