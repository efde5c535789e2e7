"""What Prometheus scrapes, and that the dashboard asks for it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import aiohttp
import pytest

from bot.demo.local_sentry import LocalSentry
from bot.server import metrics
from core.telemetry import METRICS
from tests.fakes.slack import FakeSlack
from tests.slack.conftest import fake_slack, running, sentry, settings_for
from tests.slack.test_trouble import command

__all__ = ["fake_slack", "sentry"]
DASHBOARD = Path(__file__).parent.parent.parent / "deploy" / "grafana" / "logsense.json"
GAUGES = {metrics.QUEUE[0], metrics.OLDEST[0], metrics.RESTARTS[0], metrics.WAITING[0]}


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    asked = set(re.findall(r"logsense_\w+", " ".join(_expressions())))
    assert {re.sub(r"_bucket$", "", name) for name in asked} == {metric.name for metric in METRICS} | GAUGES


def _expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


async def test_an_investigation_is_counted_where_only_who_has_the_token_sees_it(
    tmp_path: Path, fake_slack: FakeSlack, sentry: LocalSentry
) -> None:
    settings = settings_for(tmp_path / "home", fake_slack, sentry, LOGSENSE_METRICS_TOKEN="let me in")
    async with running(settings, fake_slack, sentry) as harness, aiohttp.ClientSession() as session:
        _, ada, incidents = await harness.install("Acme")
        await command(harness, ada, incidents, "investigate SHOP-1")
        await harness.report_in(incidents)
        for wrong in ({}, {"Authorization": "Bearer guess"}):
            async with session.get(f"{harness.url}/metrics", headers=wrong) as answer:
                assert answer.status == 401 and "logsense_" not in await answer.text()
        async with session.get(f"{harness.url}/metrics", headers={"Authorization": "Bearer let me in"}) as answer:
            seen = await answer.text()
    assert 'logsense_investigations_total{reasoner="rules",status="reported"} 1.0' in seen
    assert re.search(r'logsense_tool_calls_total\{ok="true",tool="get_stacktrace"\} [1-9]', seen)
    assert re.search(
        r'logsense_channel_calls_total\{method="chat.postMessage",outcome="ok",platform="slack"\} [2-9]', seen
    )
    assert 'logsense_report_seconds_count{reasoner="rules"} 1.0' in seen
    assert "SHOP-1" not in seen and "Acme" not in seen


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_only_cost_names_an_organization(metric: object) -> None:
    assert ("organization" in metric.labels) == (metric.name in ("logsense_tokens_total", "logsense_usd_total"))  # type: ignore[attr-defined]
