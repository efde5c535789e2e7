"""The repositories behind the demo: the same everywhere, and true to the recorded programs, stacks and releases."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.demo.commits import PROGRAMS, History
from bot.demo.history import HISTORIES, stream, trees
from bot.demo.recordings import Incident, recorded_incidents
from bot.demo.repositories import demo_repositories
from core.domain.incident import Frame
from core.gateways.sentry.payloads import event_from_json
from tests.fakes.repositories import needs_git

every_history = pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.name)
every_incident = pytest.mark.parametrize("incident", recorded_incidents(), ids=lambda incident: incident.short_id)


@every_history
def test_the_kept_file_is_what_the_history_says(history: History) -> None:
    assert history.file.read_bytes() == stream(history)


@every_history
def test_the_newest_files_are_the_recorded_programs(history: History) -> None:
    newest = trees(history)[-1]
    for path, text in newest.items():
        program = PROGRAMS / history.folder / path
        assert not program.exists() or program.read_text(encoding="utf-8") == text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(demo_repositories(tmp_path_factory.mktemp("demo") / "repositories"))


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "--git-dir", str(folder), *words], check=True, capture_output=True, text=True).stdout


@needs_git
@every_incident
def test_the_tracker_names_the_commits_of_the_repository(incident: Incident, folder: Path) -> None:
    release = incident.release
    holders = [name for name in ("shop", "storefront") if release.version in git(folder / name, "tag").splitlines()]
    assert len(holders) == 1
    repository = folder / holders[0]
    assert git(repository, "rev-parse", f"{release.version}^{{commit}}").strip() == release.commits[0]["id"]
    for commit in release.commits:
        told = git(repository, "log", "-1", "--format=%an%n%s", commit["id"]).splitlines()
        assert told == [commit["author"], commit["message"]]


@needs_git
@every_incident
def test_lines_on_the_recorded_stack_are_those_of_the_release(incident: Incident, folder: Path) -> None:
    name = "storefront" if incident.event["platform"] == "node" else "shop"
    checked = 0
    for frame in own_frames(incident):
        path = (frame.file or "").removeprefix("/srv/storefront/")
        line = next(text for number, text in frame.source if number == frame.line)
        text = git(folder / name, "show", f"{incident.release.version}:{path}")
        assert text.split("\n")[(frame.line or 0) - 1] == line, (path, frame.line)
        checked += 1
    assert checked or incident.short_id in ("SHOP-9", "SHOP-10", "SHOP-11")


def own_frames(incident: Incident) -> list[Frame]:
    event = event_from_json(incident.event)
    frames = [frame for exception in event.exceptions for frame in exception.frames]
    return [frame for frame in frames if frame.in_app and frame.source and "widget.min" not in (frame.file or "")]


@needs_git
def test_making_them_again_changes_nothing(folder: Path) -> None:
    before = git(folder / "shop", "rev-parse", "main")
    assert demo_repositories(folder) == str(folder)
    assert git(folder / "shop", "rev-parse", "main") == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["repositories"]


def test_without_git_there_are_none_and_the_demo_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert demo_repositories(tmp_path / "repositories") == ""
