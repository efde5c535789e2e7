"""Runs GlitchTip's backend from a checkout, with its dependencies already installed, on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.glitchtip.postgres import debian_postgres

START_S = 60.0
_FILL = """
import json
from apps.api_tokens.models import APIToken
from apps.organizations_ext.models import Organization
from apps.projects.models import Project, ProjectKey
from apps.users.models import User
user, keys = User.objects.create_user(email="a@example.org", password="x"), {}
for slug, name in (("acme", "shop"), ("other", "bank")):
    organization = Organization.objects.create(name=slug, slug=slug)
    organization.add_user(user)
    project = Project.objects.create(name=name, organization=organization)
    keys[project.id] = ProjectKey.objects.filter(project=project).first().public_key.hex
scopes = 0
for name in APIToken.scopes.keys():
    scopes |= getattr(APIToken.scopes, name)
token = APIToken(user=user, label="logsense")
token.scopes = scopes
token.save()
print("FILLED" + json.dumps({"token": token.token, "keys": keys}))
"""


@dataclass(slots=True)
class GlitchTipServer:
    """A running server with the organizations acme (project shop) and other (project bank)."""

    url: str
    token: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    @contextlib.contextmanager
    def running(cls, folder: Path) -> Iterator[GlitchTipServer]:
        """The server while the block lasts; skips where a part of it is missing."""
        source = Path(os.environ.get("GLITCHTIP_SOURCE") or pytest.skip("GLITCHTIP_SOURCE names no checkout"))
        python = Path(os.environ.get("GLITCHTIP_PYTHON") or source / ".venv/bin/python")
        redis = shutil.which("valkey-server") or shutil.which("redis-server")
        if not python.exists():
            pytest.skip("GLITCHTIP_PYTHON names no Python that has GlitchTip's dependencies")
        if redis is None:
            pytest.skip("neither valkey-server nor redis-server is installed")
        port, redis_port, database_port = _free_port(), _free_port(), _free_port()
        server = cls(f"http://127.0.0.1:{port}")
        store = (redis, "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
        place = ("--interface", "asgi", "--host", "127.0.0.1", "--port", str(port))
        web = (*_module(python, "granian"), *place, "glitchtip.asgi:application")
        schedule = ("-B", "-s", str(folder / "schedule"))
        worker = (*_module(python, "celery"), "-A", "glitchtip", "worker", "-P", "threads", "-c", "2", *schedule)
        with contextlib.ExitStack() as stack:
            database = stack.enter_context(debian_postgres(database_port))
            variables = _variables(server.url, database, redis_port, python)
            stack.enter_context(_process(store, source, variables, folder / "redis.log"))
            _run((str(python), "manage.py", "migrate"), source, variables)
            printed = _run((str(python), "manage.py", "shell", "-c", _FILL), source, variables)
            filled = json.loads(printed.partition("FILLED")[2].splitlines()[0])
            server.token, server.keys = filled["token"], filled["keys"]
            for command, name in ((web, "web.log"), (worker, "worker.log")):
                stack.enter_context(_process(command, source, variables, folder / name))
            server.fill()
            yield server

    def connection(self, organization: str) -> dict[str, str]:
        """The environment that connects one of its organizations."""
        return {
            "SENTRY_URL": self.url,
            "SENTRY_ORG": organization,
            "SENTRY_TOKEN": self.token,
            "LOGSENSE_SENTRY_WRITES": "true",
            "LOGSENSE_ALLOWED_HOSTS": self.url.removeprefix("http://"),
        }

    def fill(self) -> None:
        """Send five events of one crash, and wait until they are an issue."""
        _until(lambda: self.get("") is not None)
        for user in range(5):
            self._send("1", _crash(user % 3))
        _until(lambda: bool(found := self.get("organizations/acme/issues/")) and found[0]["count"] == "5")

    def get(self, path: str) -> Any:
        """The decoded answer of the API; None when there is none yet."""
        request = urllib.request.Request(f"{self.url}/api/0/{path}", headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None

    def _send(self, project: str, event: dict[str, Any]) -> None:
        lines = [{"event_id": event["event_id"]}, {"type": "event"}, event]
        body = "\n".join(map(json.dumps, lines)).encode()
        url = f"{self.url}/api/{project}/envelope/?sentry_key={self.keys[project]}"
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=5) as answer:
            assert answer.status == 200


def _crash(user: int) -> dict[str, Any]:
    frame = {"filename": "shop/cart.py", "function": "total", "module": "shop.cart", "lineno": 41, "in_app": True}
    frame |= {"context_line": "amount += item['price']", "vars": {"item": "{'sku': 'A1'}"}}
    error = {"type": "KeyError", "value": "'price'", "stacktrace": {"frames": [frame]}}
    return {
        "event_id": uuid.uuid4().hex,
        "timestamp": time.time(),
        "platform": "python",
        "release": "shop@1.4.2",
        "user": {"id": str(user)},
        "exception": {"values": [error]},
    }


def _variables(url: str, database: str, redis_port: int, python: Path) -> dict[str, str]:
    """Nothing of this machine's environment but where programs are."""
    return {
        "PATH": f"{python.parent}:{os.environ.get('PATH', '')}",
        "HOME": os.environ.get("HOME", "/"),
        "DATABASE_URL": database,
        "VALKEY_URL": f"redis://127.0.0.1:{redis_port}/0",
        "SECRET_KEY": uuid.uuid4().hex,
        "GLITCHTIP_DOMAIN": url,
        "GLITCHTIP_URL": url,
        "ALLOWED_HOSTS": "*",
        "ENABLE_ORGANIZATION_CREATION": "true",
        "CELERY_SKIP_CHECKS": "true",
    }


def _module(python: Path, name: str) -> tuple[str, ...]:
    return (str(python), "-m", name)


def _run(command: tuple[str, ...], folder: Path, variables: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@contextlib.contextmanager
def _process(command: tuple[str, ...], folder: Path, variables: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=output, stderr=output)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(condition: Any) -> None:
    deadline = time.monotonic() + START_S
    while not condition():
        assert time.monotonic() < deadline, "GlitchTip did not get ready; see its logs in the test's folder"
        time.sleep(0.2)
