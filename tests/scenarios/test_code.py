"""An operator names a folder of repositories, and the next investigation says which commit it was."""

from __future__ import annotations

from pathlib import Path

from bot.demo.local_sentry import LocalSentry
from bot.demo.repositories import demo_repositories
from tests.fakes.repositories import needs_git
from tests.scenarios.conftest import CommandLine

pytestmark = needs_git


async def test_a_folder_of_repositories_is_all_that_is_needed(
    logsense: CommandLine, sentry: LocalSentry, tmp_path: Path
) -> None:
    folder = demo_repositories(tmp_path / "repositories")
    outcome = await logsense.connected_to(sentry, LOGSENSE_REPOSITORIES=folder).run("investigate", "SHOP-2", "--json")
    document = outcome.document
    assert outcome.code == 0 and outcome.stderr == ""
    assert {"get_changes", "get_source"} <= {step["tool"] for step in document["steps"]}
    change = document["change"]
    assert (change["subject"], change["author"]) == ("reports: leave days without sales out", "Jo Kern")
    assert '+         raise LookupError(f"no sales on {day}")' in change["diff"]
    assert "in line 21 it leaves before that with" in document["root_cause"]
    shown = (await logsense.run("show")).stdout
    assert "Suspect change: " in shown and "Who knows this code: " in shown


async def test_repositories_of_another_organization_are_not_read(
    logsense: CommandLine, sentry: LocalSentry, tmp_path: Path
) -> None:
    folder = demo_repositories(tmp_path / "repositories")
    theirs = logsense.connected_to(sentry, LOGSENSE_REPOSITORIES=f"theirs:*={folder}")
    document = (await theirs.run("investigate", "SHOP-2", "--json")).document
    assert document["change"] is None
    assert "get_changes" not in [step["tool"] for step in document["steps"]]


async def test_a_setting_that_is_no_path_is_refused_with_what_would_be_one(logsense: CommandLine) -> None:
    logsense.variables["LOGSENSE_REPOSITORIES"] = "shop=relative"
    outcome = await logsense.run("investigate", "SHOP-2")
    assert outcome.code == 2
    assert "LOGSENSE_REPOSITORIES" in outcome.stderr and "absolute path" in outcome.stderr
