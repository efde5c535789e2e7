"""What orchestrators and proxies ask is what `logsense serve` answers; the world reaches no more of it than it must."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.demo.local_sentry import LocalSentry
from bot.server.health import Health
from bot.server.metrics import Metrics
from tests.deploy.chart import EXISTING, INSTALLATIONS, the
from tests.deploy.files import DEPLOY
from tests.deploy.image import command
from tests.fakes.slack import FakeSlack
from tests.slack.conftest import fake_slack, running, sentry, settings_for
from tests.teams.conftest import HOME_TENANT

__all__ = ["fake_slack", "sentry"]


async def test_probes_and_health_checks_ask_for_routes_that_answer(
    tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry
) -> None:
    (container,) = the(EXISTING, "Deployment")["spec"]["template"]["spec"]["containers"]
    probes = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    settings = settings_for(tmp_path / "home", fake_slack, sentry)
    async with running(settings, fake_slack, sentry) as harness, aiohttp.ClientSession() as session:
        for path in probes.values():
            async with session.get(harness.url + path) as answer:
                assert answer.status == 200
        assert await _health_check(harness.url) == 0
    assert await _health_check(harness.url) != 0


async def _health_check(url: str) -> int:
    """The exit code of the image's health check, asked of another port."""
    line = [part.replace("3000", url.rpartition(":")[2]) for part in command("HEALTHCHECK")]
    process = await asyncio.create_subprocess_exec(sys.executable, *line[1:], stderr=asyncio.subprocess.DEVNULL)
    return await process.wait()


async def test_the_world_reaches_what_platforms_call_and_nothing_else(
    tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[web.RouteDef] = []
    add_routes = web.Application.add_routes

    def noted(application: web.Application, routes: Iterable[Any]) -> Any:
        served.extend(routes := list(routes))
        return add_routes(application, routes)

    teams = {"TEAMS_APP_ID": "an-app", "TEAMS_APP_PASSWORD": "its-password", "TEAMS_TENANT_ID": HOME_TENANT}
    settings = settings_for(tmp_path / "home", fake_slack, sentry, LOGSENSE_METRICS_TOKEN="t", **teams)
    async with running(settings, fake_slack, sentry) as harness:
        served.clear()
        inside = {route.path for route in (*Health(harness.app).routes(), *Metrics(harness.app).routes())}
    monkeypatch.setattr(web.Application, "add_routes", noted)
    async with running(settings, fake_slack, sentry):
        outside = {route.path for route in served if route.path.startswith("/")} - inside
    assert inside == {"/healthz", "/readyz", "/metrics"}

    ingress = the(INSTALLATIONS["ingress"], "Ingress")["spec"]["rules"][0]["http"]["paths"]
    by_ingress = {path["path"] for path in ingress if path["pathType"] == "Prefix"}
    (asked,) = re.findall(r"^\t@chats path (.+)$", (DEPLOY / "caddy" / "Caddyfile").read_text(), re.MULTILINE)
    assert {path.removesuffix("/*") for path in asked.split()} == by_ingress
    for path in outside:
        assert any(_is_under(path, each) for each in by_ingress), f"{path} is published by neither proxy nor ingress"
    for each in by_ingress:
        assert any(_is_under(path, each) for path in outside) and not any(_is_under(path, each) for path in inside)


def _is_under(path: str, prefix: str) -> bool:
    return f"{path}/".startswith(f"{prefix}/")
