"""Records the demo incidents: runs the crashing programs under the real SDKs and keeps what they sent.

`python -m bot.demo.record` (or `make record`) writes `incidents/SHOP-n.json`: the event as Sentry's Web API would give
it, with the machine's paths, ports and random ids replaced, so that recording again changes nothing but the crash.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import re
import shutil
import sys
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.demo.planted import PASSWORD, TOKEN
from bot.demo.stories import STORIES, Story

HERE = Path(__file__).parent
PROGRAMS = HERE / "incidents" / "programs"
_KEPT_CONTEXTS = ("browser",)
_MAX_FRAMES = 260
_DETAILED_FRAMES = 20
_PLAIN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/srv", "PWD": "/srv/shop", "LANG": "C.UTF-8"}


class Ingest:
    """A loopback stand-in for Sentry's ingest: keeps every event it is sent."""

    def __init__(self) -> None:
        """Nothing was received yet."""
        self.events: list[dict[str, Any]] = []

    async def receive(self, request: web.Request) -> web.Response:
        """Keep the events and transactions of an envelope."""
        raw = await request.read()
        match request.headers.get("Content-Encoding"):
            case "gzip" if raw[:2] == b"\x1f\x8b":
                raw = gzip.decompress(raw)
            case "deflate":
                raw = zlib.decompress(raw)
        for header, payload in pairwise(raw.split(b"\n")):
            if re.match(rb'\{"type": ?"(event|transaction)"', header) and payload.startswith(b"{"):
                self.events.append(json.loads(payload))
        return web.json_response({"id": "0" * 32})


async def record() -> None:
    """Every story's incident is written."""
    ingest = Ingest()
    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_post("/api/1/envelope/", ingest.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]  # aiohttp has no public way to ask
    try:
        await _prepare_node()
        for story in STORIES:
            ingest.events.clear()
            await _run(story, f"http://public@127.0.0.1:{port}/1")
            _write(story, _chosen(story, ingest.events))
    finally:
        await runner.cleanup()


async def _prepare_node() -> None:
    node = PROGRAMS / "node"
    await _command("npm", "ci" if (node / "package-lock.json").exists() else "install", "--silent", cwd=node)
    bundle = ("widget_entry.mjs", "--bundle", "--minify", "--format=esm", "--outfile=dist/widget.min.js")
    await _command("npx", "esbuild", *bundle, "--log-level=error", cwd=node)


async def _run(story: Story, dsn: str) -> None:
    planted = {"PLANTED_TOKEN": TOKEN, "PLANTED_PASSWORD": PASSWORD} if story.scenario == "hostile" else {}
    settings = {"SHOP_RELEASE": story.release, "SHOP_BUNDLE": str(PROGRAMS / "node/dist/widget.min.js"), **planted}
    if story.runtime == "python":
        program = (sys.executable, "run.py", story.scenario, dsn)
    else:
        program = (shutil.which("node") or "node", "run.mjs", story.scenario, dsn)
    await _command(*program, cwd=PROGRAMS / story.runtime, only_environment=_PLAIN_ENVIRONMENT | settings)


async def _command(*words: str, cwd: Path, only_environment: dict[str, str] | None = None) -> None:
    """Run a program; with `only_environment` it sees nothing else of this machine, for it may record what it sees."""
    process = await asyncio.create_subprocess_exec(*words, cwd=cwd, env=only_environment)
    if await process.wait() != 0:
        raise SystemExit(f"{' '.join(words[1:3])} failed in {cwd.name}")


def _chosen(story: Story, events: list[dict[str, Any]]) -> dict[str, Any]:
    wanted = "transaction" if story.category == "performance" else None
    found = [event for event in events if event.get("type") == wanted]
    if not found:
        raise SystemExit(f"{story.short_id}: the program sent no event")
    return found[-1]


# ---- from what an SDK sends to what Sentry's Web API answers -----------------------------------------------------


def _write(story: Story, event: dict[str, Any]) -> None:
    document = {
        "short_id": story.short_id,
        "issue": {"id": str(4_000_000 + int(story.short_id.split("-")[1])), "title": _title(event, story)},
        "event": _api_event(story, event),
    }
    text = _normalised(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True))
    (HERE / "incidents" / f"{story.short_id}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{story.short_id:8} {len(text):7,} characters  {_title(event, story)[:80]}")  # noqa: T201  a script


def _title(event: dict[str, Any], story: Story) -> str:
    if story.category == "performance":
        return "N+1 Query"
    values = (event.get("exception") or {}).get("values") or []
    if values:
        return f"{values[-1]['type']}: {str(values[-1].get('value', '')).splitlines()[0][:120]}"
    return str((event.get("logentry") or {}).get("formatted") or event.get("message") or "message")[:120]


def _api_event(story: Story, event: dict[str, Any]) -> dict[str, Any]:
    tags = {**(event.get("tags") or {}), "level": story.title_level, "environment": "production"}
    tags |= {"release": story.release, "server_name": "web-3"}
    identity = hashlib.md5(story.short_id.encode(), usedforsecurity=False).hexdigest()
    is_performance = story.category == "performance"
    contexts = event.get("contexts") or {}
    return {
        "id": identity,
        "eventID": identity,
        "title": _title(event, story),
        "message": "",
        "platform": event.get("platform"),
        "type": "transaction" if is_performance else "error" if event.get("exception") else "default",
        "culprit": tags.get("transaction") or event.get("transaction") or _culprit(event),
        "location": None,
        "entries": list(_entries(event)),
        "occurrence": _n_plus_one(event) if is_performance else None,
        "tags": [{"key": key, "value": value} for key, value in sorted(tags.items()) if value],
        "user": event.get("user"),
        "contexts": {name: context for name, context in contexts.items() if name in _KEPT_CONTEXTS},
        "context": {},
        "errors": _errors(story),
        "release": {"version": story.release},
        "sdk": {"name": (event.get("sdk") or {}).get("name")},
        "_meta": {},
    }


def _entries(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if exception := event.get("exception"):
        values = [_exception(value) for value in exception["values"]]
        yield {"type": "exception", "data": {"values": values, "hasSystemFrames": False}}
    if logentry := event.get("logentry"):
        shown = logentry.get("formatted") or _formatted(logentry)
        yield {"type": "message", "data": {**logentry, "formatted": shown}}
    crumbs = event.get("breadcrumbs") or []
    crumbs = crumbs.get("values", []) if isinstance(crumbs, dict) else crumbs
    names = ("category", "level", "message", "data", "type")
    kept = [{name: crumb.get(name) for name in names} for crumb in crumbs if crumb.get("category") != "subprocess"]
    if kept:
        yield {"type": "breadcrumbs", "data": {"values": kept}}
    if spans := event.get("spans"):
        shown_spans = [{"op": span.get("op"), "description": span.get("description")} for span in spans]
        yield {"type": "spans", "data": shown_spans}


def _formatted(logentry: dict[str, Any]) -> str:
    params = logentry.get("params") or []
    return str(logentry["message"]) % tuple(params) if params else str(logentry["message"])


def _errors(story: Story) -> list[dict[str, Any]]:
    if story.scenario != "minified":
        return []
    return [{"type": "js_no_source", "message": "Source code was not found", "data": {}}]


def _culprit(event: dict[str, Any]) -> str | None:
    values = (event.get("exception") or {}).get("values") or [{}]
    frames = (values[-1].get("stacktrace") or {}).get("frames") or []
    return f"{frames[-1].get('module')} in {frames[-1].get('function')}" if frames else None


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    return {
        "type": value.get("type"),
        "value": value.get("value"),
        "module": value.get("module"),
        "mechanism": value.get("mechanism"),
        "threadId": None,
        "rawStacktrace": None,
        "stacktrace": {"frames": _frames(frames[-_MAX_FRAMES:])} if frames else None,
    }


def _frames(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All frames; of a very deep stack only the newest keep their source and locals, as Sentry trims them."""
    bare = len(frames) - _DETAILED_FRAMES
    return [
        {**_frame(frame), "context": [], "vars": {}} if position < bare else _frame(frame)
        for position, frame in enumerate(frames)
    ]


def _frame(frame: dict[str, Any]) -> dict[str, Any]:
    line = frame.get("lineno")
    lines = [*frame.get("pre_context", []), frame.get("context_line"), *frame.get("post_context", [])]
    first = (line or 1) - len(frame.get("pre_context", []))
    context = [[first + offset, text] for offset, text in enumerate(lines)] if frame.get("context_line") else []
    return {
        "filename": frame.get("filename"),
        "absPath": frame.get("abs_path"),
        "module": frame.get("module"),
        "function": frame.get("function"),
        "lineNo": line,
        "colNo": frame.get("colno"),
        "inApp": frame.get("in_app"),
        "context": [] if "node_modules" in str(frame.get("filename")) else context,
        "vars": _telling(frame.get("vars") or {}),
        "package": frame.get("package"),
    }


def _telling(variables: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if not name.startswith("__")}


def _n_plus_one(event: dict[str, Any]) -> dict[str, Any]:
    spans = event["spans"]
    repeated = [span["description"] for span in spans if "suppliers" in (span["description"] or "")]
    parent = next(span["description"] for span in spans if "products" in (span["description"] or ""))
    return {
        "issueTitle": "N+1 Query",
        "type": 1006,
        "evidenceData": {"opCode": "db", "repeatingSpansCount": len(repeated)},
        "evidenceDisplay": [
            {"name": "Transaction", "value": event.get("transaction"), "important": True},
            {"name": "Preceding Span", "value": parent, "important": True},
            {"name": "Repeating Spans", "value": f"{repeated[0]} ({len(repeated)} times)", "important": True},
        ],
    }


def _normalised(text: str) -> str:
    """Without anything of the machine it was recorded on."""
    text = text.replace(f"{PROGRAMS.as_posix()}/python", "/srv/shop").replace(
        f"{PROGRAMS.as_posix()}/node", "/srv/storefront"
    )
    text = re.sub(r"\"(?:file://)?/[^\"\s]*?/(lib/python3\.\d+/)", r'"/usr/\1', text)
    text = re.sub(r"http://public@127\.0\.0\.1:\d+", "https://public@sentry.example", text)
    text = re.sub(r"(?:http://)?127\.0\.0\.1:\d{5}", "https://api.carrier.example", text)
    text = re.sub(r"\b0x[0-9a-f]{6,16}\b", "0x7f00a0", text)
    return text


if __name__ == "__main__":
    asyncio.run(record())
