"""Alerts and scaling ask for what is measured."""

from __future__ import annotations

import re
from typing import Any

import yaml

from bot.server import metrics
from core.storage.queue.fence import QUEUED
from core.telemetry import METRICS
from tests.deploy.chart import INSTALLATIONS, the
from tests.deploy.files import DEPLOY

LABELS = {metric.name: set(metric.labels) for metric in METRICS} | {
    name: set(labels) for name, _, labels in (metrics.QUEUE, metrics.OLDEST, metrics.RESTARTS)
}
RULES: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"][0]["rules"]


def test_alerts_are_about_metrics_and_labels_that_there_are() -> None:
    for rule in RULES:
        asked = re.findall(r"(logsense_\w+)(?:\{([^}]*)\})?", rule["expr"])
        assert asked
        for name, matchers in asked:
            assert set(re.findall(r"(\w+)\s*!?=", matchers)) <= LABELS[name], rule["alert"]
        assert not re.search(r'state="(?!queued|failed)', rule["expr"]) and QUEUED == "queued"


def test_an_alert_says_what_it_means_and_how_much_it_hurries() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith((".", "?"))


def test_the_adapter_makes_the_metric_that_the_autoscaler_asks_for() -> None:
    (rule,) = yaml.safe_load((DEPLOY / "prometheus" / "adapter.yaml").read_text())["rules"]["external"]
    metric = the(INSTALLATIONS["autoscaling"], "HorizontalPodAutoscaler")["spec"]["metrics"][0]["external"]["metric"]
    assert rule["seriesQuery"].startswith(metric["name"] + "{") and metric["name"] in LABELS
    assert set(metric["selector"]["matchLabels"]) <= LABELS[metric["name"]]
    assert set(re.findall(r"by \((\w+)\)", rule["metricsQuery"])) <= LABELS[metric["name"]]
