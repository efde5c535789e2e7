"""The image: what goes into it, as whom it runs, and that what it copies is enough for the wheel."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from tests.deploy.chart import CHART
from tests.deploy.files import DEPLOY, REPOSITORY, run, variables
from tests.deploy.image import DOCKERFILE, IGNORED, command, copy_sources, instructions, sources
from tests.deploy.test_compose import SERVICES

UID = "10001"


def test_hadolint_finds_nothing_to_complain_about() -> None:
    done = run("hadolint", "--failure-threshold", "style", DOCKERFILE)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_runs_as_nobody_in_particular() -> None:
    assert instructions("USER") == [f"{UID}:{UID}"]
    assert f"runAsUser: {UID}\n" in (CHART / "values.yaml").read_text()
    for name in ("logsense", "migrate"):
        (data,) = [mount for mount in SERVICES[name]["tmpfs"] if mount.startswith("/data:")]
        assert f"uid={UID},gid={UID},mode=0700" in data
    assert instructions("VOLUME") == ['["/data"]']


def test_it_serves_and_stops_as_serve_does() -> None:
    assert (command("ENTRYPOINT"), command("CMD")) == (["logsense"], ["serve"])
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    given = dict(pair.split("=", 1) for pair in shlex.split(" ".join(instructions("ENV"))))
    assert given["LOGSENSE_LISTEN"].endswith(f":{instructions('EXPOSE')[0]}")
    assert {name for name in given if name.startswith("LOGSENSE_")} <= variables()
    # A copy of the secrets in an image would outlive their rotation.
    assert not {name for name in given if name in variables(secret=True)} and not instructions("ARG")[1:]


def test_the_build_sees_what_it_copies_and_no_secret() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    seen = {line[1:] for line in ignored if line.startswith("!")}
    assert seen == set(sources()) | {"requirements.lock"}
    assert {"*", "**/.env*", "bot/demo/incidents/programs"} <= set(ignored)


def test_what_is_copied_makes_the_whole_wheel(tmp_path: Path) -> None:
    copy_sources(tmp_path / "src")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=tmp_path / "src",
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    config = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    ours = {
        path.relative_to(REPOSITORY).as_posix() for name in config["packages"] for path in _files(REPOSITORY / name)
    }
    assert held == ours | set(config["force-include"].values())


def _files(folder: Path) -> list[Path]:
    inside = sorted(path.name for path in folder.iterdir())
    left_out = IGNORED(str(folder), inside)
    kept = [folder / name for name in inside if name not in left_out]
    return [found for path in kept for found in (_files(path) if path.is_dir() else [path])]


def test_the_dependencies_are_those_that_are_tested() -> None:
    (first, second) = [re.findall(r'"([^"]+)"', line)[1:] for line in instructions("RUN") if '"pip"' in line]
    assert first[-2:] == ["--requirement", "requirements.lock"] and "--only-binary" in first
    assert {"--no-deps", "--no-build-isolation", "--no-index"} <= set(second)
    required = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["requires-python"]
    (python,) = instructions("ARG")
    assert python.startswith("PYTHON=3.11-") and required == ">=3.11"
