"""Many organizations, three replicas, and everything going wrong: `python -m tests.chaos [--ci] [--seed N]`.

PostgreSQL is a real server and the replicas are real processes; Slack, the model and Sentry are played here, over HTTP.
What counts is what arrived at these, and what the database committed. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from random import SystemRandom

from tests.chaos.facts import Facts
from tests.chaos.run import Ended, run
from tests.chaos.schedule import Plan, Sizes, plan_of
from tests.chaos.table import lines_of
from tests.chaos.verdict import Verdict, verdict_on

_CI = Sizes(investigations=40, organizations=10, gap_s=4.0)
_CI_LIMIT_S, _LIMIT_S = 280.0, 1_500.0


def main() -> int:
    """Whether a goal was missed, as an exit code."""
    asked = _arguments()
    plan = plan_of(asked.seed, _sizes(asked))
    home = Path(tempfile.mkdtemp(prefix="logsense-chaos-"))
    print(
        f"seed {asked.seed}: {len(plan.asks)} investigations of {plan.sizes.organizations} organizations in "
        f"{plan.sizes.span_s:.0f} s, {plan.sizes.replicas} replicas, {len(plan.events)} troubles",
        flush=True,
    )
    limit_s = asked.seconds_limit or (_CI_LIMIT_S if asked.ci else _LIMIT_S)
    ended = asyncio.run(run(plan, asked.seed, home, limit_s=limit_s))
    verdict = verdict_on(ended.facts)
    print(*lines_of(plan, ended, verdict), sep="\n")
    # Where other work shares the machine, a goal in seconds would fail without a fault.
    is_good = (verdict.is_correct if asked.ci else verdict.is_good) and not ended.complaints
    if is_good and not asked.keep:
        shutil.rmtree(home)
    else:
        _write(home / "facts.json", ended.facts)
        print(f"The logs of the replicas and all that was seen are in {home}.")
    print(json.dumps(_summary(plan, ended, verdict, asked.seed)))
    return 0 if is_good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--ci", action="store_true", help="a short run: 40 investigations of 10 organizations")
    parser.add_argument("--investigations", type=int)
    parser.add_argument("--organizations", type=int)
    parser.add_argument("--replicas", type=int)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000), help="by default a new one")
    parser.add_argument("--seconds-limit", type=float, help="judge what there is after so long")
    parser.add_argument("--keep", action="store_true", help="leave the logs also when all went well")
    return parser.parse_args()


def _sizes(asked: argparse.Namespace) -> Sizes:
    given = {name: getattr(asked, name) for name in ("investigations", "organizations", "replicas")}
    return replace(_CI if asked.ci else Sizes(), **{name: value for name, value in given.items() if value is not None})


def _summary(plan: Plan, ended: Ended, verdict: Verdict, seed: int) -> dict[str, object]:
    p95_s = verdict.pickup_p95_s
    return {
        "investigations": len(plan.asks),
        "lost": len(verdict.lost),
        "duplicate_posts": len(verdict.doubled),
        "steps_rerun": len(verdict.rerun),
        "pickup_p95_s": None if p95_s is None else round(p95_s, 2),
        "seed": seed,
    }


def _write(file: Path, facts: Facts) -> None:
    file.write_text(json.dumps(asdict(facts), default=sorted, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
