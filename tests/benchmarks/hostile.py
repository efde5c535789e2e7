"""What hostile text costs: `make bench-hostile`, about three minutes.

Every pattern of the product, and the functions that read outside text, get worst cases at n, 2n and 4n characters. n
is the first length that takes half a millisecond, at most `--longest`. Time is the CPU time of the thread, the least
of up to five runs. Superlinear is what grows by more than 2.3 in both doublings, or takes longer than a quarter of a
second. Then one organization's `get_stacktrace` is timed alone, and while another one's pasted events of 1 MB are
being read; the ratio is the median of those of `--rounds` rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial

from adapters.slack import mrkdwn
from adapters.teams import text as teams_text
from core.agent.breaking_value import find_breaking_value
from core.agent.causes import classify
from core.domain.causes import Cause
from core.domain.errors import LogSenseError
from core.domain.tool_facts import StackFacts
from core.domain.untrusted_text import neutralize
from core.gateways.sentry_payloads import event_from_json
from core.gateways.text.events import event_in_text
from core.masking.controls import without_controls
from core.mcp_server.masking import Masker
from core.mcp_server.rendering import page_of
from core.mcp_server.tools.get_stacktrace import stack_sheet
from tests.benchmarks.hostile_tenants import p95, waited
from tests.benchmarks.pattern_collection import patterns
from tests.benchmarks.pattern_growth import LONGEST, Growth, measured, worst

_LISTED = 15
_REPEATED = (
    "sk-",
    " ",
    "password='",
    "a/",
    "http://a:",
    '"k":',
    "a@",
    "at x (",
    "**a",
    "`",
    "<",
    "[outside data",
    "\n> ",
)
_MASKER = Masker("k")


def _stack(text: str) -> StackFacts:
    return {"exceptions": [{"type": "TypeError", "value": text}], "frame": {"source": text, "variables": {"a": text}}}


def _sheet(text: str) -> object:
    event = event_from_json({"exception": {"values": [{"type": "E", "value": text}]}, "extra": {"a": text}})
    return page_of(stack_sheet(event, _MASKER), 1, _MASKER, "0badcafe")


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "Masker.text": _MASKER.text,
    "stack_sheet, page_of": _sheet,
    "event_in_text": event_in_text,
    "neutralize": neutralize,
    "without_controls": without_controls,
    "causes.classify": lambda text: classify(_stack(text), {}),
    "find_breaking_value": lambda text: find_breaking_value(Cause.NULL_VALUE, text, _stack(text)),
    "slack.mrkdwn.prose": mrkdwn.prose,
    "slack.mrkdwn.code_block": mrkdwn.code_block,
    "teams.text.prose": lambda text: list(teams_text.prose(text)),
}
"""What reads outside text and touches nothing else."""


def _of_functions(longest: int) -> Iterator[Growth]:
    for name, function in FUNCTIONS.items():
        grown = [measured(name, repr(repeated), partial(_case, function, repeated), longest) for repeated in _REPEATED]
        yield max(grown, key=lambda growth: (growth.is_superlinear, growth.seconds[2] / growth.length))


def _case(function: Callable[[str], object], repeated: str, length: int) -> Callable[[], None]:
    return partial(_quiet, function, (repeated * length)[:length])


def _quiet(function: Callable[[str], object], text: str) -> None:
    try:
        function(text)
    except LogSenseError:
        return


def _table(rows: list[Growth]) -> None:
    print(f"{'growth':>7}{'n':>8}{'n ms':>9}{'2n ms':>9}{'4n ms':>9}  where: case")
    for row in rows:
        times = "".join(f"{second * 1000:9.2f}" for second in row.seconds)
        print(f"{row.per_doubling:7.2f}{row.length:8}{times}  {row.where}: {row.case}")


def main() -> None:
    """Measure, print the worst, and the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--longest", type=int, default=LONGEST, help="the most characters that n may have")
    parser.add_argument("--budget", type=float, default=2.0, help="seconds of CPU for one pattern")
    parser.add_argument("--calls", type=int, default=40, help="calls of A, alone and again beside B")
    options = parser.parse_args()
    found = patterns()
    grown = [row for each in found if (row := worst(each, options.longest, options.budget))]
    grown.extend(_of_functions(options.longest))
    superlinear = sorted((row for row in grown if row.is_superlinear), key=lambda row: -row.per_doubling)
    others = sorted((row for row in grown if row not in superlinear), key=lambda row: -row.seconds[2])
    _table([*superlinear, *others][: max(_LISTED, len(superlinear))])
    tenants = asyncio.run(waited(options.calls))
    print(f"A alone p95 {p95(tenants.alone) * 1000:.0f} ms, beside B {p95(tenants.beside) * 1000:.0f} ms", end=", ")
    print(f"{tenants.hostile_reads} hostile events were read meanwhile")
    figures = {"patterns": len(found), "superlinear": len(superlinear), "victim_ratio_p95": round(tenants.ratio, 2)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
