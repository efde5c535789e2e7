"""What hostile text costs: `make bench-hostile`, about four minutes.

Every pattern of the product gets the worst cases that its parse tree suggests; the dearest ones of all patterns are
then given to the functions that read, mask, classify and render outside text, each as a whole. Times are taken at n,
2n and 4n characters, where n is the first length that takes half a millisecond, at most `--longest`: CPU time of the
thread, under an alarm. Superlinear is what grows by more than 2.3 in both doublings, or that the alarm ended. Then one
organization's `get_stacktrace` is timed alone, and while another one's pasted events of 1 MB are being read; the ratio
is that of both 95th percentiles.
"""

from __future__ import annotations

import argparse
import asyncio
import json

from tests.benchmarks.hostile_functions import of_functions
from tests.benchmarks.hostile_tenants import p95, waited
from tests.benchmarks.pattern_collection import patterns
from tests.benchmarks.pattern_growth import LONGEST, Case, Growth, worst

_LISTED, _SHOWN = 15, 120


def _table(title: str, rows: list[Growth]) -> None:
    print(f"{'growth':>7}{'n':>8}{'n ms':>9}{'2n ms':>9}{'4n ms':>9}  {title}: {len(rows) or 'none'}")
    for row in rows:
        times = "".join(f"{second * 1000:9.2f}" for second in row.seconds)
        print(f"{row.per_doubling:7.2f}{row.length:8}{times}  {row.where}: {str(row.case)[:_SHOWN]}")


def main() -> None:
    """Measure, print the worst, and the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--longest", type=int, default=LONGEST, help="the most characters that n may have")
    parser.add_argument("--cases", type=int, default=10, help="how many patterns' dearest cases the functions get")
    parser.add_argument("--calls", type=int, default=40, help="calls of A, alone and again beside B")
    options = parser.parse_args()
    found = patterns()
    grown = [row for each in found if (row := worst(each, options.longest))]
    dearest = sorted(grown, key=lambda row: -row.seconds[2] / row.length)
    functions = list(of_functions([row.case for row in dearest if isinstance(row.case, Case)][: options.cases]))
    superlinear = [row for row in (*grown, *functions) if row.is_superlinear]
    _table("superlinear", superlinear)
    _table("the dearest patterns", dearest[:_LISTED])
    _table("functions", functions)
    tenants = asyncio.run(waited(options.calls))
    print(f"A alone p95 {p95(tenants.alone) * 1000:.0f} ms, beside B {p95(tenants.beside) * 1000:.0f} ms", end=", ")
    print(f"{tenants.hostile_reads} hostile events were read meanwhile")
    figures = {"patterns": len(found), "superlinear": len(superlinear), "victim_ratio_p95": round(tenants.ratio, 2)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
