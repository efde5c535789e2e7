"""What LogSense says and does when the machine under it fails: real small disks, limits and damaged files."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.conftest import ROOT, CommandLine, Outcome

SHORT_OR_GUESSABLE = ("short", "a" * 40, "changeme" * 5, "0123456789" * 4, "abcdefghijklmnopqrstuvwxyz012345")


def _mount(kind: str, target: Path, options: str) -> None:
    done = subprocess.run(["mount", "-t", kind, "-o", options, kind, str(target)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"a file system of its own cannot be mounted here: {done.stderr.decode().strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 1,500 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    _mount("tmpfs", folder, "size=1500k")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def _one_sentence(outcome: Outcome, *parts: str) -> None:
    assert outcome.code == 3, outcome
    assert "Traceback" not in outcome.stderr
    assert outcome.stderr.count("logsense: ") >= 1
    last = outcome.stderr.strip().splitlines()[-1]
    for part in parts:
        assert part in last, outcome.stderr


async def _limited(shell: CommandLine, limits: str, *arguments: str) -> Outcome:
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f'ulimit {limits}; exec "$0" -m bot "$@"', sys.executable, *arguments,
        cwd=shell.home.parent,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LOGSENSE_HOME": str(shell.home), "COLUMNS": "120"},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    return await shell.finish(process)


async def test_a_disk_that_fills_up_ends_a_command_with_one_sentence(small_disk: Path) -> None:
    shell = CommandLine(small_disk / "home")
    outcome = await shell.run("demo", "SHOP-2")
    _one_sentence(outcome, f"The disk of {small_disk}", "is full", "free space", "LOGSENSE_HOME")
    assert outcome.stderr.count("is full") == 1


async def test_a_disk_that_is_full_from_the_start_is_the_same_sentence(small_disk: Path) -> None:
    _fill(small_disk)
    shell = CommandLine(small_disk / "home")
    for arguments in (("demo", "SHOP-2"), ("investigations",)):
        _one_sentence(await shell.run(*arguments), f"The disk of {small_disk}", "is full")


async def test_a_disk_that_fills_up_while_a_log_is_indexed_is_the_same_sentence(
    small_disk: Path, tmp_path: Path
) -> None:
    shell = CommandLine(small_disk / "home")
    assert (await shell.run("investigations")).code == 0
    log = tmp_path / "api.log"
    lines = (f"2026-11-28T10:00:00Z ERROR api upload {os.urandom(300).hex()} failed\n" for _ in range(8_000))
    log.write_text("".join(lines))
    outcome = await shell.run("investigate", "--log", str(log))
    _one_sentence(outcome, f"The disk of {small_disk}", "is full", "LOGSENSE_HOME")
    assert not list((shell.home / "logs").glob("*/*"))


async def test_a_read_only_home_is_named(tmp_path: Path, small_disk: Path) -> None:
    shell = CommandLine(small_disk / "home")
    assert (await shell.run("investigations")).code == 0
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,ro", str(small_disk)], check=True)
    _one_sentence(await shell.run("investigations"), str(shell.home), "read-only", "LOGSENSE_HOME")
    checked = await shell.run("check", "--json")
    assert checked.code == 1, checked.stderr
    rows = {row["part"]: row for row in checked.document["checks"]}
    assert rows["data directory"]["state"] == "problem" and rows["tool server"]["state"] == "ok"


async def test_a_damaged_file_is_named_with_restore_and_never_thrown_away(logsense: CommandLine) -> None:
    assert (await logsense.run("investigations")).code == 0
    file = logsense.home / "logsense.db"
    for leftover in logsense.home.glob("logsense.db-*"):
        leftover.unlink()
    file.write_bytes(b"this was a database" * 4096)
    outcome = await logsense.run("investigate", "SHOP-1")
    _one_sentence(outcome, str(file), "logsense restore")
    assert "remove" not in outcome.stderr
    checked = await logsense.run("check", "--json")
    rows = {row["part"]: row for row in checked.document["checks"]}
    assert checked.code == 1
    assert rows["database"]["state"] == "problem" and str(file) in rows["database"]["detail"]
    assert {"secret key", "tool server", "Sentry", "knowledge index", "language model"} <= set(rows)
    assert rows["tool server"]["state"] == "ok"


async def test_a_database_server_that_is_away_is_named_in_the_table(logsense: CommandLine) -> None:
    logsense.variables["DATABASE_URL"] = "postgresql+asyncpg://bob:hunter2@127.0.0.1:9/logs"
    checked = await logsense.run("check", "--json")
    rows = {row["part"]: row for row in checked.document["checks"]}
    assert checked.code == 1 and "127.0.0.1:9/logs" in rows["database"]["detail"]
    assert rows["tool server"]["state"] == "ok" and "hunter2" not in checked.stdout + checked.stderr


async def test_a_limit_on_file_sizes_is_told_apart_from_a_full_disk(logsense: CommandLine) -> None:
    _one_sentence(await _limited(logsense, "-f 60", "demo"), "limit on file sizes", "ulimit -f")


async def test_too_few_open_files_is_a_sentence(logsense: CommandLine) -> None:
    outcome = await _limited(logsense, "-n 9", "demo")
    _one_sentence(outcome, "files are open", "ulimit -n")


@pytest.mark.parametrize("key", SHORT_OR_GUESSABLE)
@pytest.mark.parametrize("name", ["LOGSENSE_SECRET_KEY", "LOGSENSE_SECRET_KEYS"])
async def test_a_weak_key_is_refused_before_anything_is_done(logsense: CommandLine, name: str, key: str) -> None:
    logsense.variables[name] = key
    refused = await logsense.run("investigations")
    assert refused.code == 2 and name in refused.stderr and (key == "short" or key not in refused.stderr)
    assert not logsense.home.exists()


async def test_a_weak_key_is_a_problem_in_the_table(logsense: CommandLine) -> None:
    logsense.variables["LOGSENSE_SECRET_KEY"] = "short"
    checked = await logsense.run("check")
    assert checked.code == 1 and "✗" in checked.stdout and "32" in checked.stdout


async def test_who_did_it_is_the_account_and_not_a_variable(logsense: CommandLine) -> None:
    logsense.variables |= {"USER": "mallory", "LOGNAME": "mallory"}
    assert (await logsense.run("org", "create", "acme")).code == 0
    (created, *_) = (await logsense.run("audit", "--json")).document["audit"]
    assert created["action"] == "organization created" and created["details"]["organization"] == "acme"
    assert created["actor"]["name"] not in ("mallory", "someone")


async def test_backup_restore_and_rotation_stand_in_the_audit_that_survives(
    logsense: CommandLine, tmp_path: Path
) -> None:
    assert (await logsense.run("secrets", "rotate")).code == 0
    file = tmp_path / "copy"
    assert (await logsense.run("backup", str(file))).code == 0
    elsewhere = CommandLine(tmp_path / "elsewhere")
    assert (await elsewhere.run("restore", str(file))).code == 0
    log = (await elsewhere.run("audit", "--json")).document["audit"]
    assert [entry["action"] for entry in log] == ["restored from a backup", "backup", "secrets rotated"]


async def test_nobody_at_the_keyboard_is_told_to_say_yes(logsense: CommandLine) -> None:
    assert (await logsense.run("org", "create", "acme")).code == 0
    refused = await logsense.run("org", "delete", "acme")
    assert refused.code == 2 and "--yes" in refused.stderr


async def test_a_terminal_that_shows_ascii_alone_gets_ascii(logsense: CommandLine) -> None:
    logsense.variables["PYTHONIOENCODING"] = "ascii"
    shown = await logsense.run("demo", "SHOP-1")
    assert shown.code == 0 and "Traceback" not in shown.stderr and shown.stdout.isascii()
    listed = await logsense.run("--demo", "investigations", "--json")
    assert listed.document["investigations"]


async def test_taking_back_what_nobody_resolved_is_the_askers_to_mend(logsense: CommandLine) -> None:
    assert (await logsense.run("demo", "SHOP-1")).code == 0
    refused = await logsense.run("--demo", "reopen")
    assert refused.code == 2 and "is not resolved, so there is nothing to reopen" in refused.stderr


async def test_serve_waits_for_space_says_so_and_goes_on(small_disk: Path, tmp_path: Path) -> None:
    import socket

    import aiohttp

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shell = CommandLine(
        small_disk / "home",
        {
            "LOGSENSE_LISTEN": f"127.0.0.1:{port}",
            "TEAMS_APP_ID": "an-app",
            "TEAMS_APP_PASSWORD": "its-password",
            "TEAMS_TENANT_ID": "00000000-0000-0000-0000-000000000001",
        },
    )
    process = await shell.start("serve")

    async def ready(wanted: int) -> dict[str, str]:
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                        document: dict[str, str] = await answer.json()
                        if answer.status == wanted and document.get("work") != "starting":
                            return document
                except aiohttp.ClientError:
                    assert process.returncode is None
                await asyncio.sleep(0.2)

    try:
        await ready(200)
        ballast = _fill(small_disk)
        assert (await ready(503))["disk"] == "disk full"
        ballast.unlink()
        assert set((await ready(200)).values()) == {"ok"}
    finally:
        process.send_signal(signal.SIGTERM)
    outcome = await shell.finish(process)
    assert outcome.code == 0 and len(outcome.stderr.splitlines()) < 20, outcome.stderr
