"""What GitHub runs is what its schemas allow, and every action is the one commit that was looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.files import REPOSITORY, run

GITHUB = REPOSITORY / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.y*ml"))
DEPENDABOT = GITHUB / "dependabot.yml"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def steps_of(workflow: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job.get("steps", ())
        if "uses" in job:
            yield job


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_is_what_githubs_schema_says(file: Path) -> None:
    done = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", file)
    assert done.returncode == 0, done.stdout


def test_dependabot_is_configured_as_its_schema_says_for_all_that_is_pinned() -> None:
    done = run("check-jsonschema", "--builtin-schema", "vendor.dependabot", DEPENDABOT)
    assert done.returncode == 0, done.stdout
    watched = {update["package-ecosystem"] for update in yaml.safe_load(DEPENDABOT.read_text())["updates"]}
    assert watched == {"pip", "docker", "github-actions"}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_action_is_pinned_to_a_commit_and_names_its_version(file: Path) -> None:
    text = file.read_text()
    used = [step["uses"] for step in steps_of(yaml.safe_load(text)) if "uses" in step]
    assert used
    for action in used:
        assert PINNED.fullmatch(action), f"{action} can be moved to another commit"
        assert re.search(rf"{re.escape(action)}  # v\d+\.\d+\.\d+$", text, re.MULTILINE), action


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_has_no_rights_but_those_a_job_asks_for(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {}
    assert all("permissions" in job for job in workflow["jobs"].values())


def test_a_schema_that_is_broken_is_found(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "runs-onn:"))
    assert run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", broken).returncode == 1
