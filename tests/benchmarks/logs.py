"""Speed and memory on a log of 100 MB, and how right the answers are on public logs: `make bench-logs`.

The log is generated and investigated by the command line, from a file and from a pipe of gzip; that always runs. The
public data is used where an environment variable names its checkout: HOLMES_CASES, NEZHA_DATA, LOGHUB_DATA. Prints
tables, and as the last line one JSON object, null where data is absent.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.gateways.mcp.process import McpProcess, McpSettings
from core.gateways.qdrant.connection import KnowledgeSettings
from tests.benchmarks.log_runs import report_on, words_of
from tests.benchmarks.log_writer import write_log
from tests.benchmarks.logs_holmes import holmes_cases
from tests.benchmarks.logs_loghub import group_samples
from tests.benchmarks.logs_nezha import PUBLISHED, rank_faults

SIZE = 100_000_000


def main() -> None:
    """Run every part and print the figures."""
    figures: dict[str, Any] = dict.fromkeys(("mb_per_s", "peak_mb"))
    figures |= dict.fromkeys(("holmes_cases", "holmes_right", "nezha_faults", "service_at_1", "region_at_1"))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        figures |= _speed(home)
        if (data := _data("HOLMES_CASES", "HolmesGPT/holmesgpt")) is not None:
            figures |= asyncio.run(_holmes(data, home))
        if (data := _data("NEZHA_DATA", "IntelligentDDS/Nezha")) is not None:
            figures |= _nezha(data, home)
        if (data := _data("LOGHUB_DATA", "logpai/loghub")) is not None:
            _loghub(data)
    print(json.dumps(figures))


def _data(variable: str, repository: str) -> Path | None:
    path = os.environ.get(variable)
    if path and Path(path).is_dir():
        return Path(path).resolve()
    print(f"\nSkipped: {variable} names no folder; it should be a checkout of github.com/{repository}.")
    return None


def _speed(home: Path) -> dict[str, Any]:
    log = home / "big.log"
    with log.open("w", encoding="utf-8") as file:
        planted = write_log(file, SIZE)
    packed = home / "big.log.gz"
    with log.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as file:
        shutil.copyfileobj(plain, file)
    print(f"{'100 MB':20} {'seconds':>8} {'CPU':>6} {'MB/s':>6}  found")
    seconds = _investigated(home, "file", ["--log", str(log)], None, planted.component)
    _investigated(home, "pipe of gzip", ["--log", "-"], packed, planted.component)
    # Of all processes so far the largest: the command line with its index, or the tool server.
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest process: {peak_mb:.0f} MB")
    return {"mb_per_s": round(SIZE / 1e6 / seconds, 1), "peak_mb": round(peak_mb)}


def _investigated(home: Path, name: str, arguments: Sequence[str], piped: Path | None, expected: str) -> float:
    """Investigate by the command line; return the seconds from its start to its end."""
    command = [str(Path(sys.executable).with_name("logsense")), "investigate", *arguments]
    environment = {**os.environ, "LOGSENSE_HOME": str(home / name.replace(" ", "-")), "COLUMNS": "200"}
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    began = time.perf_counter()
    with (piped or Path(os.devnull)).open("rb") as file:
        run = subprocess.run(command, stdin=file, capture_output=True, text=True, env=environment, check=False)
    seconds = time.perf_counter() - began
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used
    found = "yes" if f"{expected.capitalize()} failed first" in run.stdout else "NO"
    print(f"{name:20} {seconds:8.1f} {cpu:6.1f} {SIZE / 1e6 / seconds:6.1f}  {found}")
    return seconds


async def _holmes(data: Path, home: Path) -> dict[str, Any]:
    settings = McpSettings(frozenset(), KnowledgeSettings(home / "knowledge"), "mask", logs=home / "logs")
    right = total = 0
    print(f"\n{'HolmesGPT generator':34} {'MB':>6} {'s':>6}  words that the report lacks")
    async with McpProcess(settings) as process:
        await process.ready()
        for case in holmes_cases(data, home):
            began = time.perf_counter()
            missing = case.missing(words_of(await report_on(process, home / "logs", case.logs)))
            seconds = time.perf_counter() - began
            size = sum(log.stat().st_size for log in case.logs) / 1e6
            print(f"{case.name:34} {size:6.1f} {seconds:6.1f}  {', '.join(missing) or '-'}")
            total += 1
            right += not missing
            for log in case.logs:
                log.unlink()
    return {"holmes_cases": total, "holmes_right": right}


def _nezha(data: Path, home: Path) -> dict[str, Any]:
    faults = list(rank_faults(data, home))
    print(f"\n{'Nezha TrainTicket':20} {'faults':>6} {'@1':>5} {'@3':>5} {'region@1':>9}")
    for kind in [*dict.fromkeys(fault.kind for fault in faults), "all"]:
        of_kind = [fault for fault in faults if kind in (fault.kind, "all")]
        first = statistics.fmean(fault.rank == 1 for fault in of_kind)
        third = statistics.fmean(0 < fault.rank <= 3 for fault in of_kind)
        region = statistics.fmean(fault.region_right for fault in of_kind)
        print(f"{kind:20} {len(of_kind):6} {first:5.2f} {third:5.2f} {region:9.2f}")
    print(f"{'published':20} {len(faults):6} {PUBLISHED:5.2f}")
    return {"nezha_faults": len(faults), "service_at_1": round(first, 3), "region_at_1": round(region, 3)}


def _loghub(data: Path) -> None:
    samples = list(group_samples(data))
    print(f"\n{'LogHub sample':16} {'accuracy':>8} {'templates':>9} {'expected':>8} {'MB/s':>6}")
    for sample in samples:
        counts = f"{sample.templates:9} {sample.expected:8} {sample.mb_per_s:6.1f}"
        print(f"{sample.system:16} {sample.accuracy:8.3f} {counts}")
    if samples:
        print(f"{'mean':16} {statistics.fmean(sample.accuracy for sample in samples):8.3f}")


if __name__ == "__main__":
    main()
