"""Values that cannot work are refused before anything is installed, with what to set."""

from __future__ import annotations

import pytest

from tests.deploy.chart import EXISTING, MADE, Object, refusal
from tests.deploy.files import variables

REFUSED: dict[str, tuple[Object, str]] = {
    "nothing said": ({}, "Set secrets.values.DATABASE_URL, or secrets.existing"),
    "no keys": (
        {"secrets": {"values": {"DATABASE_URL": "postgresql+asyncpg://…"}}},
        "Set secrets.values.LOGSENSE_SECRET_KEYS",
    ),
    "two sources of secrets": (
        EXISTING | {"secrets": {"existing": "a", "values": {"SLACK_BOT_TOKEN": "b"}}},
        "not both",
    ),
    "nobody to migrate": ({"secrets": {"existing": "a"}}, "Set migration.existingSecret or migration.url"),
    "the owner among the replicas' secrets": (
        MADE | {"secrets": {"values": MADE["secrets"]["values"] | {"LOGSENSE_MIGRATION_URL": "x"}}},
        "belongs to migration.url",
    ),
    "an ingress without a name": (EXISTING | {"ingress": {"enabled": True}}, "Set ingress.host"),
    "metrics without a token": (
        MADE
        | {
            "secrets": {"values": {"DATABASE_URL": "x", "LOGSENSE_SECRET_KEYS": "x"}},
            "serviceMonitor": {"enabled": True},
        },
        "Set secrets.values.LOGSENSE_METRICS_TOKEN",
    ),
    "an address that the chart decides": (
        EXISTING | {"settings": {"LOGSENSE_LISTEN": "0.0.0.0:80"}},
        "The chart itself sets LOGSENSE_LISTEN",
    ),
    "a value that does not exist": (EXISTING | {"replica": 3}, "replica"),
    "no replicas": (EXISTING | {"replicas": 0}, "replicas"),
    "a variable that is none": (EXISTING | {"settings": {"log-level": "INFO"}}, "log-level"),
    "a tag as digest": (EXISTING | {"image": {"digest": "0.1.0"}}, "digest"),
}


@pytest.mark.parametrize(("values", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_work_is_refused_with_what_to_set(values: Object, said: str) -> None:
    assert said in refusal(values)


@pytest.mark.parametrize("name", sorted(variables(secret=True)))
def test_a_secret_is_not_taken_as_a_setting(name: str) -> None:
    assert f"{name} is a secret" in refusal(EXISTING | {"settings": {name: "x"}})
