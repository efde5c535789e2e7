"""The compose file: valid, hardened, and each container with no more secrets than its own."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.deploy.files import DEPLOY, run, variables

FILE = DEPLOY / "compose.yaml"
SERVICES: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
OF_THE_PROXY = {"LOGSENSE_UPSTREAM", "LOGSENSE_UPSTREAM_PORT"}
OF_COMPOSE = {"LOGSENSE_IMAGE"}


def _asked_by(text: str) -> set[str]:
    return set(re.findall(r"\$\{?([A-Z][A-Z0-9_]*)", text))


def _named_in(file: str) -> set[str]:
    return set(re.findall(r"^([A-Z][A-Z0-9_]*)=", (DEPLOY / file).read_text(), re.MULTILINE))


def test_it_is_what_the_compose_specification_says() -> None:
    done = run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", FILE)
    assert done.returncode == 0, done.stdout


def test_the_example_names_what_is_asked_for_and_nothing_else() -> None:
    assert _named_in("example.env") == _asked_by(FILE.read_text())


@pytest.mark.parametrize("name", ["logsense", "migrate"])
def test_only_variables_that_logsense_reads_are_set(name: str) -> None:
    assert SERVICES[name]["environment"].keys() <= variables()


def test_the_proxy_gets_what_its_file_asks_for() -> None:
    asked = set(re.findall(r"\{\$([A-Z_]+)", (DEPLOY / "caddy" / "Caddyfile").read_text()))
    assert asked == set(SERVICES["proxy"]["environment"]) | OF_THE_PROXY
    assert set(SERVICES["proxy"]["environment"]) <= variables()


def test_nothing_is_named_that_nobody_reads() -> None:
    database = {name for name in SERVICES["postgres"]["environment"] if name.startswith("POSTGRES_")}
    assert _named_in("example.env") <= variables() | database | OF_COMPOSE


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_may_only_what_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service and "network_mode" not in service


def test_the_world_reaches_the_proxy_and_the_database_reaches_nothing() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert yaml.safe_load(FILE.read_text())["networks"]["back"] == {"internal": True}
    assert {name: service["networks"] for name, service in SERVICES.items()} == {
        "proxy": ["front"],
        "logsense": ["front", "back"],
        "migrate": ["back"],
        "postgres": ["back"],
        "qdrant": ["back"],
    }


def test_passwords_go_to_who_needs_them() -> None:
    def who_has(variable: str) -> set[str]:
        return {name for name, service in SERVICES.items() if variable in _asked_by(str(service["environment"]))}

    assert who_has("POSTGRES_OWNER_PASSWORD") == {"migrate", "postgres"}
    assert who_has("POSTGRES_APP_PASSWORD") == {"logsense", "migrate", "postgres"}
    assert who_has("POSTGRES_PASSWORD") == {"postgres"}
    assert who_has("LOGSENSE_SECRET_KEYS") == {"logsense"}
    assert who_has("QDRANT_API_KEY") == {"logsense", "qdrant"}
    assert SERVICES["logsense"]["environment"]["LOGSENSE_MIGRATION_URL"] == ""


def test_replicas_start_after_the_migration_and_the_proxy_after_them() -> None:
    assert SERVICES["logsense"]["deploy"]["replicas"] == 3
    assert SERVICES["logsense"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["command"] == ["migrate"]
    assert SERVICES["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert SERVICES["logsense"]["depends_on"]["qdrant"] == {"condition": "service_healthy"}
    assert SERVICES["proxy"]["depends_on"]["logsense"] == {"condition": "service_healthy"}
