"""The Helm chart as `helm` renders it, for each way of installing it that the README shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from tests.deploy.files import DEPLOY, run

CHART = DEPLOY / "helm" / "logsense"
Object = dict[str, Any]

OWNERS_URL = "postgresql+asyncpg://logsense_owner:owns@db/logsense"
EXISTING: Object = {"secrets": {"existing": "logsense-app"}, "migration": {"existingSecret": "logsense-owner"}}
MADE: Object = {
    "secrets": {
        "values": {
            "DATABASE_URL": "postgresql+asyncpg://logsense_app:serves@db/logsense",
            "LOGSENSE_SECRET_KEYS": "k" * 32,
            "LOGSENSE_METRICS_TOKEN": "m" * 32,
        }
    },
    "migration": {"url": OWNERS_URL},
}
INSTALLATIONS: dict[str, Object] = {
    "existing secrets": EXISTING,
    "secrets made by the chart": MADE,
    "autoscaling": EXISTING | {"autoscaling": {"enabled": True}},
    "ingress": EXISTING | {"ingress": {"enabled": True, "host": "logsense.example.com", "tlsSecret": "tls"}},
    "service monitor": MADE | {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
    "no migration": {"secrets": {"existing": "logsense-app"}, "migration": {"enabled": False}},
    "no network policy": EXISTING | {"networkPolicy": {"enabled": False}},
    "closed networks": EXISTING
    | {
        "networkPolicy": {
            "ingressControllers": [],
            "prometheus": [],
            "postgresql": {"port": 6432, "to": [{"ipBlock": {"cidr": "10.0.0.5/32"}}]},
            "qdrant": {"port": 6334, "to": [{"podSelector": {"matchLabels": {"app": "qdrant"}}}]},
            "https": [],
            "extraEgress": [{"ports": [{"port": 3128, "protocol": "TCP"}]}],
        }
    },
    "qdrant": EXISTING | {"settings": {"QDRANT_URL": "http://qdrant:6333"}},
    "everything said": EXISTING
    | {
        "image": {"repository": "registry.example.com/logsense", "digest": f"sha256:{'0' * 64}", "pullSecrets": []},
        "publicUrl": "https://logsense.example.com",
        "settings": {"LOGSENSE_MAX_USD": 0.5, "LOGSENSE_SENTRY_WRITES": True, "LOGSENSE_WORKER_SLOTS": 20},
        "podAnnotations": {"team": "platform"},
        "podLabels": {"cost-centre": "42"},
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "priorityClassName": "high",
        "disruptionBudget": {"maxUnavailable": "34%"},
    },
}


@cache
def _rendered(values: str) -> str:
    done = run("helm", "template", "logsense", CHART, "--values", "-", stdin=values)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(values: Object, kind: str | None = None) -> list[Object]:
    """The chart's objects, of one kind if it is given."""
    found = [thing for thing in yaml.safe_load_all(_rendered(json.dumps(values))) if thing]
    return [thing for thing in found if kind in (None, thing["kind"])]


def the(values: Object, kind: str, component: str = "server") -> Object:
    """The only object of its kind for a component: `server`, or `migrate`."""
    (found,) = [
        thing
        for thing in objects(values, kind)
        if thing["metadata"]["labels"]["app.kubernetes.io/component"] == component
    ]
    return found


def refusal(values: Object) -> str:
    """Why helm does not render the chart with `values`."""
    done = run("helm", "template", "logsense", CHART, "--values", "-", stdin=json.dumps(values))
    assert done.returncode != 0, "it was rendered"
    return done.stderr


def pods(values: Object) -> Iterator[Object]:
    """The template of every pod that the chart starts."""
    for thing in objects(values):
        if thing["kind"] in ("Deployment", "Job"):
            yield thing["spec"]["template"]
