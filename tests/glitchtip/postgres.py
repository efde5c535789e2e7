"""The system's own PostgreSQL: GlitchTip needs its extension hstore, which the wheel of the other tests lacks."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def debian_postgres(port: int) -> Iterator[str]:
    """The URL of an empty database while the block lasts; skips where no PostgreSQL with hstore is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    version = found[-1].parent.parent.name if found else ""
    if not Path(f"/usr/share/postgresql/{version}/extension/hstore.control").exists():
        pytest.skip("no PostgreSQL with hstore is installed (Debian: postgresql)")
    # A server does not run as root: the package's own user does it then.
    user = "postgres" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="logsense-gt-"))
    if user:
        shutil.chown(home, user)
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [str(found[-1].with_name("pg_ctl")), "-D", str(home / "data"), "-w", "-l", str(home / "log")]
    _run([str(found[-1]), "-D", str(home / "data"), "-A", "trust", "-U", "postgres"], home, user)
    try:
        _run([*control, "-o", options, "start"], home, user)
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        _run([*control, "-m", "immediate", "stop"], home, user)
        shutil.rmtree(home, ignore_errors=True)


def _run(command: list[str], folder: Path, user: str | None) -> None:
    subprocess.run(command, cwd=folder, user=user, stdout=subprocess.DEVNULL, check=True, timeout=60)
