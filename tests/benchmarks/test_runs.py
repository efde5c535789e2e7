"""The benchmarks that take long still do what they measure."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.benchmarks import agent, slack


@pytest.fixture
def model_url() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.benchmarks.peers", "model", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as peer:
        try:
            assert peer.stdout is not None
            yield f"http://127.0.0.1:{peer.stdout.readline().strip()}/v1"
        finally:
            peer.kill()


@pytest.mark.parametrize("mode", agent.MODES)
def test_each_way_of_the_agents_benchmark_goes_to_its_end(model_url: str, mode: str) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.agent", mode, "1", model_url]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=100).stdout
    assert json.loads(printed)["cpu_ms"] > 0


async def test_slacks_benchmark_sees_every_report_and_no_limit_broken() -> None:
    figures = await slack.investigations(3, speed=10.0)
    assert (figures["rate_limited"], figures["finals_lost"], figures["still_spinning"]) == (0, 0, 0)
