"""Runs the log generators of HolmesGPT's tests; the expected words have to stand in what the rules report on them.

HOLMES_CASES is a checkout of HolmesGPT/holmesgpt (Apache-2.0). The expected words are facts of the expected output
of its tests. A generator runs with a clock of its own, so that its pauses cost no time.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FIXTURES = "tests/llm/fixtures/test_ask_holmes"
EXPECTED: dict[str, tuple[str, ...]] = {
    "12_job_crashing": ("prod-db", "connect"),
    "20_long_log_file_search": ("Peer down",),
    "26_page_render_times": ("rendered", r"\b7(?:\.\d+)?\b", r"\b(?:8\.[5-9]\d*|9)\b"),
    "27a_multi_container_logs": ("web container", "API requests", "sidecar container", "metrics", "CPU usage"),
    "27b_multi_container_logs": ("web container", "API requests", "sidecar container", "metrics", "CPU usage"),
    "51_logs_summarize_errors": ("Redis", "expired", "Syntax error", "Duplicate key"),
    "52_logs_login_issues": ("Redis timed out", "expired"),
    "53_logs_find_term": ("SQL syntax", "Duplicate"),
    "62_fetch_error_logs_with_errors": ("ETIMEDOUT", "attempt 1/3", "attempt 2/3", "Maximum retry", "ECONNREFUSED"),
    "66_http_error_needle": ("Database connection timeout", "pool"),
    "67_performance_degradation": ("response_time_ms", "grew", "timeout after 5000"),
    "68_cascading_failures": ("auth-service failed first", "Redis", "payment-processor"),
    "69_rate_limit_exhaustion": ("Too Many Requests", "1000 requests/second", "100/second"),
    "70_memory_leak_detection": ("memory", "grew from", "OutOfMemoryError"),
    "71_connection_pool_starvation": ("pool exhausted", "100/100"),
    "73a_time_window_anomaly": ("external API", "03:00"),
    "73b_time_window_anomaly": ("external API",),
    "74_config_change_impact": ("Configuration reload", "rate", "fell from"),
    "75_network_flapping": ("timed out", "rate", "grew from"),
}
_RUN = """
import datetime, random, runpy, sys, time
real, passed = datetime.datetime, datetime.timedelta()
class Clock(real):
    @classmethod
    def utcnow(cls): return real(2026, 11, 20, 10) + passed + (real.now() - began)
    @classmethod
    def now(cls, tz=None): return cls.utcnow().replace(tzinfo=tz)
def sleep(seconds):
    global passed
    if seconds >= 60:
        sys.stdout.flush()
        raise SystemExit
    passed += datetime.timedelta(seconds=seconds)
began = real.now()
random.seed(17)
datetime.datetime, time.sleep = Clock, sleep
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass(frozen=True, slots=True)
class HolmesCase:
    """Logs that a generator wrote, and the words that a good answer has."""

    name: str
    logs: tuple[Path, ...]
    words: tuple[str, ...]

    def missing(self, report: str) -> list[str]:
        """Return the words that the report lacks."""
        return [word for word in self.words if not re.search(word, report, re.IGNORECASE)]


def holmes_cases(folder: Path, home: Path) -> Iterator[HolmesCase]:
    """Run every generator that is there and known, its output in `home`."""
    for name, words in EXPECTED.items():
        script = folder / FIXTURES / name / "generate_logs.py"
        if script.is_file():
            containers = ("web", "sidecar") if name.startswith("27") else ("app",)
            yield HolmesCase(name, tuple(_written(script, home, name, each) for each in containers), words)


def _written(script: Path, home: Path, name: str, container: str) -> Path:
    log = home / f"{name}-{container}.log"
    with log.open("wb") as file:
        command = [sys.executable, "-c", _RUN, str(script), container]
        subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL, env=dict(os.environ), timeout=300, check=False)
    return log
