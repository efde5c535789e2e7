"""Runbooks and post-mortems as people keep them: Markdown, plain text, HTML and the text of PDF files.

Markdown is read through the HTML it stands for, so that what is learned is what a reader of the page saw: comments,
scripts and hidden parts are no part of it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import yaml
from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from markdown_it import MarkdownIt
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from core.domain.errors import InvalidInput
from core.domain.passages import Document, Section
from core.gateways.documents.page_text import PageText

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_MATTER_CHARS = 16_384
_DEEPEST = 60
_UNSEEN = {"script", "style", "template", "noscript", "nav", "svg", "iframe", "object", "select", "button", "title"}
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def read(source: str, content: bytes) -> Document:
    """The document kept under the name `source`, whose suffix says how to read it.

    Raises:
        InvalidInput: it cannot be read; the sentence names it.
    """
    try:
        return READERS[PurePath(source).suffix.lower()](source, content)
    except InvalidInput:
        raise
    except (PyPdfError, RecursionError):
        raise InvalidInput(f"{source} is damaged, or nested too deeply.") from None
    except Exception as error:
        # Readers of damaged files fail in ways that nobody has listed.
        raise InvalidInput(f"{source} cannot be read ({type(error).__name__}).") from error


def _read_markdown(source: str, content: bytes) -> Document:
    fields, text = _front_matter(source, _text(source, content))
    markdown = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
    document = _document(source, BeautifulSoup(markdown.render(text), "html.parser"), _plain(fields.pop("title", "")))
    service = _plain(fields.pop("service", ""))
    told = "\n".join(f"{name}: {value}" for name, value in ((str(n), _plain(v)) for n, v in fields.items()) if value)
    sections = (Section((), (told,)), *document.sections) if told else document.sections
    return replace(document, sections=sections, service=service)


def _read_plain(source: str, content: bytes) -> Document:
    blocks = re.split(r"\n(?:[ \t]*\n)+", _text(source, content))
    return Document(source, PurePath(source).stem, (Section((), tuple(filter(str.strip, blocks))),))


def _read_html(source: str, content: bytes) -> Document:
    if b"\0" in content[:1024] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidInput(f"{source} is no HTML: it holds binary data.")
    return _document(source, BeautifulSoup(content, "html.parser"), "")


def _read_pdf(source: str, content: bytes) -> Document:
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise InvalidInput(f"{source} is locked with a password. Save it without one.")
    pages = [page.extract_text().strip() for page in reader.pages]
    if not any(pages):
        raise InvalidInput(f"{source} has no text, only pictures. Run it through text recognition (OCR) first.")
    title = str(reader.metadata.title or "") if reader.metadata else ""
    sections = (Section((f"page {number}",), (text,)) for number, text in enumerate(pages, 1) if text)
    return Document(source, title.strip() or PurePath(source).stem, tuple(sections))


READERS: Mapping[str, Callable[[str, bytes], Document]] = {
    ".md": _read_markdown,
    ".markdown": _read_markdown,
    ".txt": _read_plain,
    ".text": _read_plain,
    ".html": _read_html,
    ".htm": _read_html,
    ".pdf": _read_pdf,
}
"""By suffix."""


def _text(source: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{source} is no UTF-8 text. Save it as UTF-8.") from None
    if "\0" in text:
        raise InvalidInput(f"{source} is no text: it holds binary data.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _front_matter(source: str, text: str) -> tuple[dict[Any, Any], str]:
    """The fields above the text, and the text; a text that only begins with a line has none."""
    found = _FRONT_MATTER.match(text[:_FRONT_MATTER_CHARS])
    if found is None:
        return {}, text
    try:
        fields = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 2})" if mark else ""
        raise InvalidInput(f"The front matter of {source} is no valid YAML{where}.") from None
    return (fields, text[found.end() :]) if isinstance(fields, dict) else ({}, text)


def _plain(value: object) -> str:
    """A field as one line; nothing for what is nested."""
    if isinstance(value, list):
        return ", ".join(filter(None, (_plain(item) for item in value if not isinstance(item, list))))
    return "" if value is None or isinstance(value, dict) else " ".join(str(value).split())


def _document(source: str, soup: BeautifulSoup, title: str) -> Document:
    page = PageText()
    for node, opens in _walk(soup):
        if isinstance(node, NavigableString):
            page.text(str(node))
        elif opens:
            page.opens(node.name, {name: str(value) for name, value in node.attrs.items()})
        else:
            page.closes(node.name)
    sections = page.finish()
    named = soup.title.get_text(" ", strip=True) if soup.title else ""
    title = title or page.first_title or named or PurePath(source).stem
    # The document's own title need not stand above each of its headings.
    return Document(
        source,
        title,
        tuple(Section(it.path[1:], it.blocks) if it.path[:1] == (title,) else it for it in sections),
    )


def _walk(root: Tag) -> Iterator[tuple[Tag | NavigableString, bool]]:
    """Each string, and each tag when it opens (True) and when it closes.

    Not by recursion: pages may be nested deeply.
    """
    open_tags = [(root, iter(root.children))]
    while open_tags:
        tag, children = open_tags[-1]
        child = next(children, None)
        if child is None:
            open_tags.pop()
            yield tag, False
        elif isinstance(child, Tag):
            if child.name not in _UNSEEN and not _is_hidden(child):
                yield child, True
                open_tags.append((child, iter(child.children)))
        elif type(child) is NavigableString:
            yield child, True


def _is_hidden(tag: Tag) -> bool:
    return (
        "hidden" in tag.attrs
        or tag.attrs.get("aria-hidden") == "true"
        or bool(_HIDDEN_STYLE.search(str(tag.attrs.get("style", ""))))
    )
