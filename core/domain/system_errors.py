"""Translate what the operating system, SQLite and PostgreSQL report into sentences for the operator.

One table for each vocabulary (errno, SQLite result codes, SQLSTATE) leads to the same problems. Each problem has one
sentence that names the place and what to do.
"""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from core.domain.errors import OperatorNeeded

MACHINE = "this machine"


class Problem(StrEnum):
    """What is missing or broken; the value is its name in metrics and on health pages."""

    DISK_FULL = "disk full"
    FILE_SIZE_LIMIT = "file size limit reached"
    READ_ONLY = "read-only file system"
    NOT_PERMITTED = "permission denied"
    DAMAGED = "database damaged"
    NO_FOLDER = "no folder"
    DISK_ERROR = "disk error"
    TOO_MANY_FILES = "too many open files"
    OUT_OF_MEMORY = "out of memory"
    TOO_MANY_CONNECTIONS = "too many database connections"
    SERVER_READ_ONLY = "database server is read-only"


_ELSEWHERE = "or point LOGSENSE_HOME elsewhere"
_SENTENCES: Mapping[Problem, str] = {
    Problem.DISK_FULL: f"The disk of {{where}} is full: free space {_ELSEWHERE}.",
    Problem.FILE_SIZE_LIMIT: "A file in {where} may not grow any further: raise this process's limit on file sizes "
    f"(now {{file_size}}; `ulimit -f`, or LimitFSIZE in systemd) {_ELSEWHERE}.",
    Problem.READ_ONLY: f"{{where}} is on a read-only file system: mount it writable {_ELSEWHERE}.",
    Problem.NOT_PERMITTED: "{where} cannot be used by the user LogSense runs as (uid {uid}): give that user read and "
    f"write access {_ELSEWHERE}.",
    Problem.NO_FOLDER: "There is no folder {where} for the database: check its folder in the settings, or make it.",
    Problem.DAMAGED: "The database {where} is damaged or is not a database. Put a backup in its place with `logsense "
    "restore FILE --replace`, which keeps the damaged file beside it.",
    Problem.DISK_ERROR: "{where} cannot be read or written, because the disk reports errors: check the disk and the "
    "system log. A backup is put back with `logsense restore FILE --replace`.",
    Problem.TOO_MANY_FILES: "Too many files are open: raise the limit of this process (now {files}; `ulimit -n`, or "
    "LimitNOFILE in systemd), or stop what else uses them.",
    Problem.OUT_OF_MEMORY: "There is no memory left for LogSense: free some, or raise its limit (`ulimit -v`, or the "
    "memory limit of its container).",
    Problem.TOO_MANY_CONNECTIONS: "The database at {where} has no free connection: raise max_connections there, or run "
    "fewer replicas.",
    Problem.SERVER_READ_ONLY: "The database at {where} accepts no writes: name the primary server in DATABASE_URL.",
}
_ON_A_SERVER: Mapping[Problem, str] = {
    Problem.DISK_FULL: "The disk of the database server at {where} is full: free space there.",
    Problem.DAMAGED: "The database at {where} reports damaged data: stop LogSense and restore that server's backup.",
    Problem.DISK_ERROR: "The database server at {where} reports disk errors: check its disk and its log.",
    Problem.OUT_OF_MEMORY: "The database server at {where} has no memory left: give it more, or run fewer replicas.",
}

_ERRNO: Mapping[int, Problem] = {
    errno.ENOSPC: Problem.DISK_FULL,
    errno.EDQUOT: Problem.DISK_FULL,
    errno.EFBIG: Problem.FILE_SIZE_LIMIT,
    errno.EROFS: Problem.READ_ONLY,
    errno.EACCES: Problem.NOT_PERMITTED,
    errno.EPERM: Problem.NOT_PERMITTED,
    errno.EIO: Problem.DISK_ERROR,
    errno.EMFILE: Problem.TOO_MANY_FILES,
    errno.ENFILE: Problem.TOO_MANY_FILES,
    errno.ENOMEM: Problem.OUT_OF_MEMORY,
    # What fork and pthread_create say when the machine has nothing left for another process.
    errno.EAGAIN: Problem.OUT_OF_MEMORY,
}
_SQLITE: Mapping[int, Problem] = {
    3: Problem.NOT_PERMITTED,  # SQLITE_PERM
    7: Problem.OUT_OF_MEMORY,  # SQLITE_NOMEM
    8: Problem.READ_ONLY,  # SQLITE_READONLY
    10: Problem.DISK_ERROR,  # SQLITE_IOERR
    11: Problem.DAMAGED,  # SQLITE_CORRUPT
    13: Problem.DISK_FULL,  # SQLITE_FULL
    14: Problem.NOT_PERMITTED,  # SQLITE_CANTOPEN
    26: Problem.DAMAGED,  # SQLITE_NOTADB
}
_VAGUE = (Problem.READ_ONLY, Problem.DISK_ERROR, Problem.NOT_PERMITTED)
_SQLSTATE: Mapping[str, Problem] = {
    "53100": Problem.DISK_FULL,
    "53200": Problem.OUT_OF_MEMORY,
    "53300": Problem.TOO_MANY_CONNECTIONS,
    "53400": Problem.TOO_MANY_CONNECTIONS,
    "58030": Problem.DISK_ERROR,
    "25006": Problem.SERVER_READ_ONLY,
    "XX001": Problem.DAMAGED,
    "XX002": Problem.DAMAGED,
}


def operator_needed(
    problem: Problem, where: object, *, service: str = MACHINE, is_server: bool = False
) -> OperatorNeeded:
    """Make the error for `problem` at `where`: a folder, a file, or with `is_server` the address of a server."""
    sentence = _ON_A_SERVER.get(problem, _SENTENCES[problem]) if is_server else _SENTENCES[problem]
    text = sentence.format(
        where=where,
        uid=os.getuid(),
        files=_limit(resource.RLIMIT_NOFILE),
        file_size=_limit(resource.RLIMIT_FSIZE),
    )
    return OperatorNeeded(service, text[:1].upper() + text[1:], problem=problem)


def from_os(error: BaseException, where: object = None, *, service: str = MACHINE) -> OperatorNeeded | None:
    """Translate an error of the operating system or of the interpreter; None when it is about something else."""
    for cause in _with_causes(error):
        problem = _os_problem(cause)
        if problem is not None:
            place = where or getattr(cause, "filename", None) or "the file system that was written to"
            return operator_needed(problem, place, service=service)
    return None


def from_sqlite(code: int, file: Path, *, service: str) -> OperatorNeeded | None:
    """Translate an extended SQLite result code for the database in `file`; None for those that are not a problem of it.

    SQLite gives one code to several causes, so the operating system is asked again which it was.
    """
    problem = _SQLITE.get(code & 0xFF)
    if problem is None:
        return None
    if problem in _VAGUE:
        problem = _asked_again(file) or problem
    return operator_needed(problem, file if problem is Problem.DAMAGED else file.parent, service=service)


def from_sqlstate(sqlstate: str, server: str, *, service: str) -> OperatorNeeded | None:
    """Translate what PostgreSQL at `server` reports; None when it is about something else."""
    problem = _SQLSTATE.get(sqlstate)
    return operator_needed(problem, server, service=service, is_server=True) if problem is not None else None


def write_problem(folder: Path) -> OperatorNeeded | None:
    """Try to write a page into `folder`, and say why that is not possible; None when it is."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, bytes(4096))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            probe.unlink(missing_ok=True)
    except OSError as error:
        return from_os(error, folder)
    return None


def _os_problem(error: BaseException) -> Problem | None:
    if isinstance(error, MemoryError):
        return Problem.OUT_OF_MEMORY
    if isinstance(error, OSError):
        return _ERRNO.get(error.errno or 0)
    says = str(error)
    if isinstance(error, RuntimeError) and "can't start new thread" in says:
        return Problem.OUT_OF_MEMORY
    if isinstance(error, ImportError) and ("map segment" in says or "allocate memory" in says):
        return Problem.OUT_OF_MEMORY
    return None


def _asked_again(file: Path) -> Problem | None:
    """What the operating system says about the file and its folder."""
    if not file.parent.is_dir():
        return Problem.NO_FOLDER
    if _has_reached_the_limit(file):
        return Problem.FILE_SIZE_LIMIT
    try:
        with file.open("r+b"):
            pass
    except FileNotFoundError:
        pass
    except OSError as error:
        return _os_problem(error)
    needed = write_problem(file.parent)
    return Problem(needed.problem) if needed else None


def _has_reached_the_limit(file: Path) -> bool:
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit == resource.RLIM_INFINITY:
        return False
    sizes = [path.stat().st_size for path in file.parent.glob(f"{file.name}*") if path.is_file()]
    # SQLite writes whole pages of at most 64 KiB, so a file stops within one of them of the limit.
    return any(size + 65_536 > limit for size in sizes)


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what it groups, and what it was raised from."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        if isinstance(seen, BaseExceptionGroup):
            for one in seen.exceptions:
                yield from _with_causes(one)
        seen = seen.__cause__


def _limit(kind: int) -> str:
    limit, _ = resource.getrlimit(kind)
    return "unlimited" if limit == resource.RLIM_INFINITY else f"{limit:,}"
