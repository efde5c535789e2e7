"""What Kubernetes is asked for: objects it knows, pods that may nothing, secrets where they belong."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from bot.server import metrics
from core.storage.queue.fence import RUNNING
from tests.deploy.chart import CHART, EXISTING, INSTALLATIONS, MADE, OWNERS_URL, Object, objects, pods, the
from tests.deploy.files import REPOSITORY, run, variables

EVERY = pytest.mark.parametrize("values", INSTALLATIONS.values(), ids=INSTALLATIONS.keys())
OLDEST_KUBERNETES, NEWEST_KUBERNETES = "1.30", "1.37"


@EVERY
def test_helm_finds_nothing_to_complain_about(values: Object) -> None:
    done = run("helm", "lint", "--strict", CHART, "--values", "-", stdin=json.dumps(values))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", [OLDEST_KUBERNETES, NEWEST_KUBERNETES])
def test_kubernetes_knows_every_field(version: str, tmp_path: Path) -> None:
    for number, values in enumerate(INSTALLATIONS.values()):
        known = [thing for thing in objects(values) if "monitoring.coreos.com" not in thing["apiVersion"]]
        (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump_all(known))
    done = run("kubernetes-validate", "--strict", "--kubernetes-version", version, *tmp_path.iterdir())
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "passed" in said and "WARN" not in said, said


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert chart["appVersion"] == version
    assert chart["kubeVersion"] == f">={OLDEST_KUBERNETES}.0-0"


@EVERY
def test_no_pod_may_more_than_run(values: Object) -> None:
    for pod in pods(values):
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True and spec["securityContext"]["runAsUser"] == 10001
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = spec["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}


@EVERY
def test_only_variables_that_logsense_reads_are_set(values: Object) -> None:
    named = {entry["name"] for pod in pods(values) for entry in pod["spec"]["containers"][0].get("env", ())}
    for kind, part in (("ConfigMap", "data"), ("Secret", "stringData")):
        named |= {name for thing in objects(values, kind) for name in thing[part]}
    assert "LOGSENSE_LISTEN" in named and named <= variables()


@EVERY
def test_replicas_never_have_the_url_of_the_role_that_owns_the_tables(values: Object) -> None:
    (container,) = the(values, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert {"name": "LOGSENSE_MIGRATION_URL", "value": ""} in container["env"]
    read = {next(iter(source.values()))["name"] for source in container["envFrom"]}
    for thing in objects(values, "Secret"):
        holds = OWNERS_URL in json.dumps(thing)
        assert holds == (thing["metadata"]["name"] == "logsense-migrate")
        assert not (holds and thing["metadata"]["name"] in read)


@EVERY
def test_what_the_migration_needs_is_there_before_it_and_gone_after(values: Object) -> None:
    jobs = objects(values, "Job")
    if not values["migration"].get("enabled", True):
        assert jobs == []
        return
    (job,) = jobs
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["migrate"]
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]
    needed = [one for one in objects(values) if one["metadata"]["name"] == "logsense-migrate" and one != job]
    assert len(needed) == ("url" in values["migration"]) + values.get("networkPolicy", {}).get("enabled", True)
    for thing in (job, *needed):
        hook = thing["metadata"]["annotations"]
        assert hook["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert {"before-hook-creation", "hook-succeeded"} <= set(hook["helm.sh/hook-delete-policy"].split(","))
        assert thing is job or int(hook["helm.sh/hook-weight"]) < int(
            job["metadata"]["annotations"]["helm.sh/hook-weight"]
        )
    made = {
        entry["valueFrom"]["secretKeyRef"]["name"] for entry in job["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    theirs = {"logsense-app", "logsense-owner"}
    assert made - theirs <= {thing["metadata"]["name"] for thing in needed if thing["kind"] == "Secret"}


@EVERY
def test_everything_that_selects_selects_the_replicas(values: Object) -> None:
    deployment = the(values, "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    selectors = [deployment["spec"]["selector"]["matchLabels"], the(values, "Service")["spec"]["selector"]]
    selectors.append(the(values, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"])
    selectors += [spread["labelSelector"]["matchLabels"] for spread in _spec(deployment)["topologySpreadConstraints"]]
    selectors += [
        policy["spec"]["podSelector"]["matchLabels"]
        for policy in objects(values, "NetworkPolicy")
        if policy["metadata"]["name"] == "logsense"
    ]
    for selector in selectors:
        assert selector.items() <= labels
    for job in objects(values, "Job"):
        assert not selectors[0].items() <= job["spec"]["template"]["metadata"]["labels"].items()


def _spec(thing: Object) -> Object:
    spec: Object = thing["spec"]["template"]["spec"]
    return spec


def test_a_roll_out_and_a_drain_keep_replicas_serving() -> None:
    deployment = the(EXISTING, "Deployment")["spec"]
    assert deployment["replicas"] == 3
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert the(EXISTING, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    pause = deployment["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    # What serve itself takes to stop, and as much again.
    assert deployment["template"]["spec"]["terminationGracePeriodSeconds"] >= pause + 2 * 10


def test_replicas_talk_to_nobody_that_is_not_named() -> None:
    policy = the(INSTALLATIONS["closed networks"], "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"] and policy["ingress"] == []
    assert [[port["port"] for port in rule["ports"]] for rule in policy["egress"]] == [[53, 53], [6432], [3128]]
    assert policy["egress"][1]["to"] == [{"ipBlock": {"cidr": "10.0.0.5/32"}}]
    indexed = the(INSTALLATIONS["qdrant"], "NetworkPolicy")["spec"]
    assert [[port["port"] for port in rule["ports"]] for rule in indexed["egress"]] == [[53, 53], [5432], [6333], [443]]
    usual = the(EXISTING, "NetworkPolicy")["spec"]
    assert [[port["port"] for port in rule["ports"]] for rule in usual["egress"]] == [[53, 53], [5432], [443]]
    blocks = [peer["ipBlock"] for peer in usual["egress"][2]["to"]]
    assert "169.254.0.0/16" in blocks[0]["except"]
    migrating = the(EXISTING, "NetworkPolicy", "migrate")["spec"]
    assert "ingress" not in migrating and migrating["egress"] == usual["egress"][:2]


def test_replicas_are_added_for_work_under_way() -> None:
    values = INSTALLATIONS["autoscaling"]
    scaler = the(values, "HorizontalPodAutoscaler")["spec"]
    assert scaler["scaleTargetRef"]["name"] == the(values, "Deployment")["metadata"]["name"]
    assert "replicas" not in the(values, "Deployment")["spec"]
    (metric,) = scaler["metrics"]
    name, _, labels = metrics.QUEUE
    assert metric["external"]["metric"] == {"name": name, "selector": {"matchLabels": {"state": RUNNING}}}
    assert "state" in labels


def test_prometheus_is_given_the_token_it_needs() -> None:
    values = INSTALLATIONS["service monitor"]
    monitor = the(values, "ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["path"] == "/metrics"
    assert endpoint["port"] in [port["name"] for port in the(values, "Service")["spec"]["ports"]]
    token = endpoint["authorization"]["credentials"]
    assert token["name"] == the(values, "Secret")["metadata"]["name"]
    assert token["key"] in the(values, "Secret")["stringData"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["selector"]["matchLabels"].items() <= the(values, "Service")["metadata"]["labels"].items()


def test_the_public_address_is_that_of_the_ingress_unless_another_is_said() -> None:
    for name, url in (("ingress", "https://logsense.example.com"), ("everything said", "https://logsense.example.com")):
        assert the(INSTALLATIONS[name], "ConfigMap")["data"]["LOGSENSE_PUBLIC_URL"] == url
    assert "LOGSENSE_PUBLIC_URL" not in the(EXISTING, "ConfigMap")["data"]


def test_a_changed_setting_or_secret_starts_new_replicas() -> None:
    def marks(values: Object) -> Object:
        annotations: Object = the(values, "Deployment")["spec"]["template"]["metadata"]["annotations"]
        return annotations

    louder = MADE | {"settings": {"LOGSENSE_LOG_LEVEL": "DEBUG"}}
    changed = MADE | {"secrets": {"values": MADE["secrets"]["values"] | {"SLACK_BOT_TOKEN": "new"}}}
    assert marks(louder)["checksum/settings"] != marks(MADE)["checksum/settings"]
    assert marks(changed)["checksum/secrets"] != marks(MADE)["checksum/secrets"]
