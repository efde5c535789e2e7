"""The TrainTicket half of Nezha's data: which service the analysis of spans and logs ranks first for each fault.

NEZHA_DATA is a checkout of IntelligentDDS/Nezha (MIT). Each fault has the three minutes from its injection on;
one minute without a fault is what is usual. When a service is clearly slower than usual, services rank by that, as
`read_trace_spans` has it; else by the messages that no longer follow each other, as `compare_log_windows` has it. A
region is a pair of log statements, file and line, between which the fault is: the broken flow that ranks first.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.gateways.logs.flows import Broken, broken_flows, components_of
from core.gateways.logs.index import LogIndexer, Source
from core.gateways.logs.reading import LogIndex
from core.gateways.traces.analysis import Operation, slow_services, timed, usual_times
from core.gateways.traces.otlp import Span

DAYS = ("2023-01-29", "2023-01-30")
PUBLISHED = 0.867
_CLEARLY_SLOW_S = 0.5
_MINUTES = 3
_DAY_MINUTES = 1_430
_LINE = re.compile(r"\S+ (?P<level>[A-Z]+)\s+(?P<logger>\S+) TraceID: (?P<trace>\w+) SpanID: \w+ (?P<message>.*)", re.S)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One fault, and the rank of the service that has it; 0 when it is not in the list."""

    kind: str
    service: str
    rank: int
    region_right: bool


def rank_faults(folder: Path, home: Path) -> Iterator[Ranked]:
    """Rank the services for every fault of both days."""
    regions = json.loads((folder / "construct_data" / "root_cause_ts.json").read_text(encoding="utf-8"))
    for day in DAYS:
        calm = folder / "construct_data" / day
        usual = usual_times(timed(_spans((calm / "trace").glob("*.csv"))))
        told = json.loads((folder / "rca_data" / day / f"{day}-fault_list.json").read_text(encoding="utf-8"))
        for number, fault in enumerate(each for hour in told.values() for each in hour):
            service = _service(fault["inject_pod"])
            names = _minutes(fault["inject_time"][11:16])
            data = folder / "rca_data" / day
            order = _slow(_files(data / "trace", names), usual)
            region = ""
            if not order:
                logs = (calm / "log").glob("*.csv"), _files(data / "log", names)
                broken = _changed(home / f"{day}-{number}", *logs)
                order = components_of(broken)
                region = _region(broken)
            rank = order.index(service) + 1 if service in order else 0
            yield Ranked(fault["inject_type"], service, rank, region == regions[service][fault["inject_type"]])


def _region(broken: Sequence[Broken]) -> str:
    """Name the region in Nezha's way: the places of both statements."""
    first = broken[0] if broken else None
    return f"{first.kind.logger}_{first.expected.logger}" if first and first.expected else ""


def _slow(files: Iterable[Path], usual: Mapping[Operation, float]) -> list[str]:
    suspects = slow_services(timed(_spans(files)), usual)
    return [each.service for each in suspects] if suspects and suspects[0].excess_s > _CLEARLY_SLOW_S else []


def _changed(home: Path, before: Iterable[Path], after: Iterable[Path]) -> list[Broken]:
    """Index the usual minute one day before the others, and return the flows that are broken."""
    home.mkdir()
    with (home / "log").open("w", encoding="utf-8") as log:
        log.writelines(line for file in before for line in _lines(file, timedelta(days=-1)))
        log.writelines(line for file in after for line in _lines(file, timedelta()))
    with (home / "log").open("rb") as log:
        LogIndexer(home / "index").index([Source("log", log)], {})
    with closing(LogIndex(home / "index")) as index:
        begin, end = index.span() or (0, 1)
        return broken_flows(index, (begin, end - _DAY_MINUTES), (end - _DAY_MINUTES, end))


def _lines(file: Path, shift: timedelta) -> Iterator[str]:
    with file.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            # Some rows hold several documents; the first is the line.
            told = json.JSONDecoder().raw_decode(row["Log"])[0]["log"] if row["Log"].startswith("{") else row["Log"]
            found = _LINE.match(told)
            if found is not None:
                at = datetime.fromtimestamp(int(row["TimeUnixNano"]) / 1e9, UTC) + shift
                line = {"time": at.isoformat(), "level": found["level"], "service": _service(row["PodName"])}
                line |= {"logger": found["logger"], "trace_id": found["trace"], "message": found["message"].strip()}
                yield json.dumps(line) + "\n"


def _minutes(begin: str) -> list[str]:
    hour, minute = map(int, begin.split(":"))
    moments = (60 * hour + minute + later for later in range(_MINUTES))
    return [f"{moment // 60:02d}_{moment % 60:02d}" for moment in moments]


def _files(folder: Path, names: Iterable[str]) -> list[Path]:
    return [file for name in names for file in folder.glob(f"{name}_*.csv")]


def _service(pod: str) -> str:
    return pod.rsplit("-", 2)[0]


def _spans(files: Iterable[Path]) -> list[Span]:
    found = []
    for file in files:
        with file.open(encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                parent = "" if row["ParentID"] == "root" else row["ParentID"]
                begin, end = int(row["StartTimeUnixNano"]) / 1e9, int(row["EndTimeUnixNano"]) / 1e9
                service = _service(row["PodName"])
                found.append(Span(row["TraceID"], row["SpanID"], parent, service, row["OperationName"], begin, end))
    return found
