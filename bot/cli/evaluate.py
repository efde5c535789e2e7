"""`logsense knowledge evaluate`: what retrieval would be worth on a tracker's own reports."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click
from rich.progress import Progress

from bot.app.owner import mcp_settings
from bot.cli.exit_codes import ExitCode
from bot.cli.options import json_option
from bot.cli.session import Cli, Session
from core.domain.duplicates import DuplicateSet
from core.domain.retrieval_scores import Share
from core.domain.tenancy import OrganizationId
from core.gateways.documents.report_files import read_duplicates
from core.gateways.qdrant.connection import embedder_for
from core.gateways.qdrant.knowledge import QdrantKnowledge
from core.gateways.qdrant.shard import QdrantShard
from core.knowledge.evaluation import Scores, ask_in_order, scores_of
from core.ports import Embedder

WORDS = "words and frames"
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("evaluate")
@click.argument("reports", metavar="REPORTS.csv", type=_file)
@click.argument("pairs", metavar="PAIRS.csv", type=_file)
@json_option
@click.pass_obj
def evaluate(cli: Cli, reports: Path, pairs: Path) -> None:
    """Score the search on an export of your tracker: does a later report find the earlier one that means the same?

    REPORTS.csv has the columns Issue id, Summary, Description and Created; PAIRS.csv has Issue id and Duplicate id.
    Nothing is learned from them. With an embedder set, their texts are sent to it.
    """

    async def command(session: Session) -> ExitCode:
        duplicates = read_duplicates(reports, pairs)
        embedder = embedder_for(mcp_settings(session.app).knowledge)
        try:
            scores = await _scores(cli, duplicates, embedder)
        finally:
            if embedder is not None:
                await embedder.close()
        if cli.as_json:
            rows = [{"text": text, "by": by, **asdict(score)} for (text, by), score in scores.items()]
            cli.print_json({"reports": len(duplicates.reports), "unknown_pairs": duplicates.unknown_pairs, "of": rows})
        else:
            _print(cli, duplicates, scores)
        return ExitCode.OK

    cli.run(command)


async def _scores(cli: Cli, duplicates: DuplicateSet, embedder: Embedder | None) -> dict[tuple[str, str], Scores]:
    ways = [None, embedder] if embedder else [None]
    total = 2 * len(ways) * len(duplicates.reports)
    scores = {}
    with Progress(console=cli.console, transient=True, disable=cli.as_json or not cli.console.is_terminal) as bar:
        task = bar.add_task("asking", total=total)
        for in_full, text in ((False, "title"), (True, "whole report")):
            for way in ways:
                by = f"{WORDS}, {way.name}" if way else WORDS
                scores[text, by] = await _score(duplicates, way, in_full, lambda: bar.advance(task))
    return scores


async def _score(
    duplicates: DuplicateSet, embedder: Embedder | None, in_full: bool, done: Callable[[], None]
) -> Scores:
    """In an index of its own, which goes away with its folder."""
    with tempfile.TemporaryDirectory(prefix="logsense-evaluate-") as folder:
        index = QdrantShard(Path(folder) / "index", embedder.dimension if embedder else None)
        try:
            base = QdrantKnowledge(index, OrganizationId("evaluation"), embedder)
            asked = await ask_in_order(base, duplicates, in_full=in_full, done=done)
        finally:
            await index.close()
    return scores_of(asked)


def _print(cli: Cli, duplicates: DuplicateSet, scores: dict[tuple[str, str], Scores]) -> None:
    one = next(iter(scores.values()))
    cli.say(
        f"{len(duplicates.reports):,} reports; {one.queries} of them had been reported before and were asked for, "
        f"so were {one.new} new ones."
    )
    if duplicates.unknown_pairs:
        many = duplicates.unknown_pairs > 1
        said = "pairs name reports that are" if many else "pair names a report that is"
        cli.say(f"{duplicates.unknown_pairs} {said} not there; left out.", "dim")
    for (text, by), score in scores.items():
        cli.say(f"\nAsked with the {text}, found by {by}", "bold")
        cli.say(f"  right one first: {_interval(score.r1)}, among the first three: {_interval(score.r3)}")
        cli.say(f"  mean reciprocal rank: {score.mrr.value:.2f}")
        cli.say(f"  called the same error: {score.seen_before[1]}, rightly {score.seen_before[0]}")
        cli.say(f"  called similar, shown first: {score.similar[1]}, rightly {score.similar[0]}")
        cli.say(f"  new, and rightly nothing shown: {score.silent} of {score.new}")
    cli.say("\nIn brackets: 95 % intervals. What nobody linked counts as wrong, so it is rather better.", "dim")


def _interval(share: Share) -> str:
    return f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"
