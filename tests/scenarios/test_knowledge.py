"""`logsense knowledge` as people use it: runbooks in, lessons out and back in, and what must go, gone."""

from __future__ import annotations

import json
from pathlib import Path

from bot.demo.local_sentry import LocalSentry
from tests.fakes.documents import pdf_of
from tests.scenarios.conftest import CommandLine, everything_kept

FAILOVER = """---
service: payments
---
# Database failover

Applies when `OperationalError: could not connect to server` is everywhere.

## Promote the replica

Stop the writers, then run `pg_ctl promote` with token sk_live_0123456789abcdef.
"""
PAGE = "<h1>Cache stampede</h1><p>Keys expire at once.</p><h2>Mend it</h2><p>Add jitter to the ttl.</p>"


def shelf_in(tmp_path: Path) -> Path:
    shelf = tmp_path / "runbooks"
    (shelf / "db").mkdir(parents=True)
    (shelf / "db" / "failover.md").write_text(FAILOVER)
    (shelf / "cache.html").write_text(PAGE)
    (shelf / "disk.pdf").write_bytes(pdf_of("The zanzibar volume filled up.", title="Disk full"))
    return shelf


async def test_runbooks_are_found_by_title_and_heading_and_retire_with_their_files(
    logsense: CommandLine, tmp_path: Path
) -> None:
    shelf = shelf_in(tmp_path)
    first = await logsense.run("knowledge", "import", str(shelf), "--json")
    assert first.code == 0, first.stderr
    assert first.document == {
        "added": 5,
        "updated": 0,
        "unchanged": 0,
        "retired": 0,
        "other_kinds": 0,
        "problems": [],
    }
    found = await logsense.run("knowledge", "search", "pg_ctl promote")
    assert "Database failover \u203a Promote the replica" in found.stdout and "Stop the writers" in found.stdout
    assert "\u203a page 1" in (await logsense.run("knowledge", "search", "zanzibar volume")).stdout
    assert not any(b"sk_live_0123456789abcdef" in kept for kept in everything_kept(logsense.home))

    (shelf / "db" / "failover.md").unlink()
    (shelf / "cache.html").write_text(PAGE.replace("Add jitter", "Add much jitter"))
    again = await logsense.run("knowledge", "import", str(shelf))
    assert again.code == 0 and "0 added, 1 updated, 2 unchanged, 2 retired." in again.stdout
    assert "Nothing known is like that" in (await logsense.run("knowledge", "search", "pg_ctl promote")).stdout
    assert "much jitter" in (await logsense.run("knowledge", "search", "jitter ttl")).stdout

    retired = (await logsense.run("knowledge", "list", "--standing", "retired", "--json")).document
    assert retired["total"] == 2
    assert {entry["source"] for entry in retired["knowledge"]} == {"runbooks/db/failover.md"}
    shown = (await logsense.run("knowledge", "show", retired["knowledge"][0]["id"][:9])).stdout
    assert "Database failover" in shown and "retired at" in shown and "payments" in shown


async def test_a_bad_file_is_named_and_the_others_are_there(logsense: CommandLine, tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    (shelf / "bad.md").write_text("---\ntags: [\n---\ntext")
    (shelf / "scan.pdf").write_bytes(pdf_of(""))
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG")
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "x1", "title": "", "root_cause": "", "fix": ""}\n{"id": 7}\n')
    outcome = await logsense.run("knowledge", "import", *map(str, (shelf, picture, broken)))
    assert outcome.code == 1 and "5 added" in outcome.stdout
    for said in (
        "front matter of runbooks/bad.md is no valid YAML",
        "runbooks/scan.pdf has no text",
        "picture.png is no document",
        "broken.jsonl, line 2",
    ):
        assert said in outcome.stderr, outcome.stderr
    assert (await logsense.run("knowledge", "list", "--kind", "incident", "--json")).document["total"] == 0


async def test_what_was_learned_can_be_taken_elsewhere_and_forgotten(
    logsense: CommandLine, sentry: LocalSentry, tmp_path: Path
) -> None:
    here = logsense.connected_to(sentry, LOGSENSE_USER="ada")
    (learned,) = [(await here.run("investigate", "SHOP-1", "--json")).document]
    assert (await here.run("resolve", "--fix", "made the key optional")).code == 0
    listed = (await here.run("knowledge", "list")).stdout
    assert learned["id"] in listed and "confirmed by ada" in listed
    file = tmp_path / "lessons.jsonl"
    assert (await here.run("knowledge", "export", str(file))).code == 0
    assert file.stat().st_mode & 0o077 == 0

    elsewhere = CommandLine(tmp_path / "elsewhere", here.variables)
    assert (await elsewhere.run("knowledge", "import", str(file), "--json")).document["added"] == 1
    assert (await elsewhere.run("knowledge", "export")).stdout == file.read_text()
    found = (await elsewhere.run("investigate", "SHOP-1", "--json")).stdout
    assert "made the key optional" in found

    assert (await here.run("knowledge", "forget", "--person", "ada", stdin=b"n\n")).code == 2
    gone = await here.run("knowledge", "forget", "--person", "ada", "--yes", "--json")
    assert gone.document == {"forgotten": {"incidents": 1, "passages": 0, "past_fixes": 0}}
    assert (await here.run("knowledge", "export")).stdout == ""
    assert "made the key optional" not in (await here.run("investigate", "SHOP-1", "--json")).stdout
    audit = (await here.run("audit", "--json")).document["audit"]
    recorded = {entry["action"]: entry["details"] for entry in audit}
    assert recorded["knowledge forgotten"]["asked"] == "person ada"
    assert recorded["knowledge forgotten"]["incidents"] == "1"
    assert {"knowledge exported", "knowledge forgotten"} <= recorded.keys()


async def test_strangers_text_does_not_steer_the_terminal(logsense: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "theirs.jsonl"
    entry = {"id": "x1", "title": "\x1b]0;owned\x07red \x1b[31m", "root_cause": "[bold]cause[/]\x1b[2J", "fix": "f"}
    file.write_text(json.dumps(entry))
    assert (await logsense.run("knowledge", "import", str(file))).code == 0
    for command in (("list",), ("show", "x1")):
        shown = (await logsense.run("knowledge", *command)).stdout
        assert "red" in shown and "\x1b" not in shown and "owned" not in shown
    assert "[bold]cause[/]" in shown


async def test_what_cannot_be_is_refused_with_what_can(logsense: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for arguments, code, said in (
        (("import", str(tmp_path / "empty")), 1, "has no documents: it must be one of .md"),
        (("import", str(tmp_path / "empty"), "--as", "../up"), 2, "team/runbooks"),
        (("forget",), 2, "--source, or --person"),
        (("forget", "--source", "ops", "--yes"), 2, "Nothing is known of the source ops"),
        (("show", "x1"), 2, "logsense knowledge list"),
        (("export", str(tmp_path / "no" / "where.jsonl")), 2, "cannot be written"),
    ):
        outcome = await logsense.run("knowledge", *arguments)
        assert outcome.code == code and said in outcome.stderr, (arguments, outcome)


async def test_the_search_is_scored_on_a_trackers_own_duplicates(logsense: CommandLine, tmp_path: Path) -> None:
    reports, pairs = tmp_path / "reports.csv", tmp_path / "pairs.csv"
    reports.write_text(
        "Issue id,Summary,Description,Created\n"
        "A-1,Pool is empty,QueuePool limit of size 5 reached,2026-01-01\n"
        "A-2,Paint leaks,zebra stripes,2026-01-02\n"
        "A-3,QueuePool limit of size 5 reached,the pool is empty,2026-01-03\n"
    )
    pairs.write_text("Issue id,Duplicate id\nA-3,A-1\nA-3,A-9\n")
    outcome = await logsense.run("knowledge", "evaluate", str(reports), str(pairs))
    assert outcome.code == 0, outcome.stderr
    assert "3 reports; 1 of them had been reported before" in outcome.stdout
    assert (
        "Asked with the whole report" in outcome.stdout and "1 pair names a report that is not there" in outcome.stdout
    )
    document = (await logsense.run("knowledge", "evaluate", str(reports), str(pairs), "--json")).document
    assert [row["r1"]["value"] for row in document["of"]] == [0.0, 1.0], "the titles share no word"
    wrong = await logsense.run("knowledge", "evaluate", str(pairs), str(pairs))
    assert wrong.code == 2 and "lacks the column Summary" in wrong.stderr
    assert "Nothing is known yet" in (await logsense.run("knowledge", "list")).stdout


async def test_a_link_to_another_place_is_not_imported_whatever_its_kind(logsense: CommandLine, tmp_path: Path) -> None:
    elsewhere, here = tmp_path / "elsewhere", tmp_path / "here"
    for folder in (elsewhere, here):
        folder.mkdir()
    (elsewhere / "passwd").write_text("# root\n\nroot:x:0:0\n")
    (elsewhere / "all.jsonl").write_text("")
    links = {"link.md": "passwd", "link.jsonl": "all.jsonl", "folder": ""}
    for name, target in links.items():
        (here / name).symlink_to(elsewhere / target)
        outcome = await logsense.run("knowledge", "import", str(here / name))
        assert outcome.code == 1
        assert "links out of their directory are not followed" in " ".join(outcome.stderr.split())
    assert not any(b"root:x" in kept for kept in everything_kept(logsense.home))
