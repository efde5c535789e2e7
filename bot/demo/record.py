"""Records the demo incidents: runs the crashing programs under the real SDKs and keeps what they sent.

`python -m bot.demo.record` (or `make record`) writes `incidents/SHOP-n.json`. Recording again changes nothing unless a
program, an SDK or a story changed: the machine's paths, ports and random ids are replaced.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.demo.api_dialect import api_event, exceptions, title_of
from bot.demo.planted import EMAIL, PASSWORD, TOKEN
from bot.demo.stories import STORIES, Story

HERE = Path(__file__).parent
PROGRAMS = HERE / "incidents" / "programs"
BUNDLE = PROGRAMS / "node" / "dist" / "widget.min.js"
# Planted in one incident only, so that tests can tell where its secrets went.
_HOSTILE = {
    "PLANTED_TOKEN": TOKEN,
    "PLANTED_EMAIL": EMAIL,
    "PARTNER_DATABASE_URL": f"postgresql://shop:{PASSWORD}@partner.example/reviews",
}
_PLAIN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/srv", "PWD": "/srv/shop", "LANG": "C.UTF-8"}
_LINE_WIDTH = 118


class Ingest:
    """A loopback stand-in for Sentry's ingest: keeps every event it is sent."""

    def __init__(self) -> None:
        """Nothing was received yet."""
        self.events: list[dict[str, Any]] = []

    async def receive(self, request: web.Request) -> web.Response:
        """Keep the events and transactions of an envelope."""
        raw = await request.read()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        self.events.extend(_events_in(raw))
        return web.json_response({"id": "0" * 32})


def _events_in(envelope: bytes) -> Iterator[dict[str, Any]]:
    """After the envelope's own header, each item is a header line and a payload, whose length the header may give."""
    position = envelope.index(b"\n") + 1
    while position < len(envelope):
        end = envelope.index(b"\n", position)
        header = json.loads(envelope[position:end] or b"{}")
        start = end + 1
        after = envelope.find(b"\n", start)
        stop = start + header["length"] if "length" in header else after if after >= 0 else len(envelope)
        if header.get("type") in ("event", "transaction"):
            yield json.loads(envelope[start:stop])
        position = stop + 1


async def record() -> None:
    """Every story's incident is written."""
    await _prepare_node()
    ingest = Ingest()
    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_post("/api/1/envelope/", ingest.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        dsn = f"http://public@127.0.0.1:{runner.addresses[0][1]}/1"
        for story in STORIES:
            ingest.events.clear()
            await _run(story, dsn)
            _write(story, _chosen(story, ingest.events))
    finally:
        await runner.cleanup()


# ---- running the programs -------------------------------------------------------------------------------------------


async def _prepare_node() -> None:
    node = PROGRAMS / "node"
    await _command("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=node)
    bundle = ("widget_entry.mjs", "--bundle", "--minify", "--format=esm", f"--outfile={BUNDLE}")
    await _command("npx", "esbuild", *bundle, "--log-level=error", cwd=node)


async def _run(story: Story, dsn: str) -> None:
    planted = _HOSTILE if story.scenario == "hostile" else {}
    environment = {"SHOP_RELEASE": story.release.version, "SHOP_BUNDLE": str(BUNDLE), **planted}
    program = (sys.executable, "run.py") if story.runtime == "python" else (shutil.which("node") or "node", "run.mjs")
    await _command(*program, story.scenario, dsn, cwd=PROGRAMS / story.runtime, only=_PLAIN_ENVIRONMENT | environment)


async def _command(*words: str, cwd: Path, only: dict[str, str] | None = None) -> None:
    """Run a program; with `only` it sees nothing else of this machine's environment, for it may record what it sees."""
    process = await asyncio.create_subprocess_exec(*words, cwd=cwd, env=only, stderr=asyncio.subprocess.PIPE)
    _, complaints = await process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(words[-4:])} failed:\n{complaints.decode(errors='replace')}")


def _chosen(story: Story, events: list[dict[str, Any]]) -> dict[str, Any]:
    wanted = "transaction" if story.category == "performance" else None
    found = [event for event in events if event.get("type") == wanted]
    if not found:
        raise SystemExit(f"{story.short_id}: the program sent no event")
    return found[-1]


# ---- writing what they sent -----------------------------------------------------------------------------------------


def _write(story: Story, event: dict[str, Any]) -> None:
    is_performance = story.category == "performance"
    identity = hashlib.md5(story.short_id.encode(), usedforsecurity=False).hexdigest()
    title = title_of(event, is_performance=is_performance)
    document = {
        "short_id": story.short_id,
        "expected": _expected(story, event),
        "issue": {
            "id": str(4_000_000 + int(story.short_id.split("-")[1])),
            "title": title,
            "level": story.level,
            "category": story.category,
            "type": "performance_n_plus_one_db_queries" if is_performance else "error",
            "users": story.users,
            "unhandled": _is_unhandled(event),
        },
        "hourly": story.hourly,
        "release": {
            "version": story.release.version,
            "hours_ago": story.release.hours_ago,
            "suspect": story.suspect,
            "commits": [
                {"id": commit, "author": author, "message": message}
                for commit, author, message in story.release.commits
            ],
        },
        "shares": story.shares,
        "event": api_event(event, identity=identity, is_performance=is_performance),
    }
    text = readable_json(json.loads(_normalised(json.dumps(document, ensure_ascii=False))))
    (HERE / "incidents" / f"{story.short_id}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{story.short_id:8} {len(text):7,} characters  {title[:80]}")  # noqa: T201  a script


def _expected(story: Story, event: dict[str, Any]) -> dict[str, Any]:
    answer = story.answer
    culprit = None if answer.culprit is None else _recorded_place(story, event, *answer.culprit)
    return {"culprit": culprit, "cause": answer.cause, "root_cause": answer.root_cause}


def _recorded_place(story: Story, event: dict[str, Any], file: str, function: str) -> dict[str, Any]:
    """Where the expected culprit stands in the recorded event: the newest such frame of the innermost exception."""
    for value in exceptions(event):
        for frame in reversed((value.get("stacktrace") or {}).get("frames") or []):
            if str(frame.get("filename")).endswith(file) and str(frame.get("function")).split(".")[-1] == function:
                return {"file": file, "function": function, "line": frame["lineno"]}
    raise SystemExit(f"{story.short_id}: no recorded frame is {function} in {file}")


def _is_unhandled(event: dict[str, Any]) -> bool:
    return any((value.get("mechanism") or {}).get("handled") is False for value in exceptions(event))


def readable_json(value: object, indent: int = 0) -> str:
    """`value` as JSON that people can read in a diff: what fits on a line stands on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= _LINE_WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}: {readable_json(item, indent + 1)}" for name, item in value.items()]
    else:
        parts = [readable_json(item, indent + 1) for item in value]
    inner = f",\n{' ' * (indent + 1)}".join(parts)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{' ' * (indent + 1)}{inner}\n{' ' * indent}{closing}"


def _normalised(text: str) -> str:
    """Without anything of the machine it was recorded on."""
    for folder, shown in (("python", "/srv/shop"), ("node", "/srv/storefront")):
        text = text.replace(str(PROGRAMS / folder), shown)
    text = re.sub(r"(?:file://)?/[^\"\s]{0,300}?/(lib/python3\.\d+/)", r"/usr/\1", text)
    text = re.sub(r"(?:https?://)?(?:127\.0\.0\.1|localhost):(?!6398|6399)\d{4,5}", "https://api.partner.example", text)
    text = re.sub(r"\b0x[0-9a-f]{6,16}\b", "0x7f00a0", text)
    return re.sub(rf"\b{re.escape(socket.gethostname())}\b", "web-3", text)


if __name__ == "__main__":
    asyncio.run(record())
