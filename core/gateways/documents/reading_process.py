"""A process of its own in which documents are read, one after the other.

Documents come from wikis and mailboxes, and what reads them from strangers: what hangs there, wants all memory or dies
costs one document. Run as a module, this is that process: it answers each request on standard input, a line
`{"source": …, "bytes": …}` and then so many bytes, by one line on standard output.
"""

from __future__ import annotations

import json
import logging
import resource
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter

from core.domain.errors import InvalidInput
from core.domain.passages import Document

MAX_SECONDS = 30.0
_MAX_MEMORY = 2 * 1024**3
_ROOT = Path(__file__).resolve().parents[3]

_document = TypeAdapter(Document)


class ReadingProcess:
    """Starts with the first document; another takes its place when it ends or does not answer in time."""

    def __init__(self, max_seconds: float = MAX_SECONDS) -> None:
        """`max_seconds` are for one document."""
        self._max_seconds = max_seconds
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ReadingProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, source: str, content: bytes) -> Document:
        """The document; raises InvalidInput with a sentence that names it."""
        child = self._child = self._child or _started()
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(json.dumps({"source": source, "bytes": len(content)}).encode() + b"\n" + content)
            child.stdin.flush()
            answered, _, _ = select.select([child.stdout], [], [], self._max_seconds)
            answer = child.stdout.readline() if answered else b""
        except BrokenPipeError:
            answered, answer = [child.stdout], b""
        if not answer:
            self._end()
            why = "cannot be read: it is damaged" if answered else "took too long to read"
            raise InvalidInput(f"{source} {why}. Save it in a simpler form, such as text.")
        outcome = json.loads(answer)
        if "refused" in outcome:
            raise InvalidInput(outcome["refused"])
        return _document.validate_python(outcome["document"])

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


def _started() -> subprocess.Popen[bytes]:
    # No environment: nothing that is read there needs a setting, and a secret least of all.
    return subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        env={},
    )


def _answer_all(requests: IO[bytes], answers: IO[bytes]) -> None:
    # Ctrl-C is the parent's to answer; what readers grumble about is in nobody's interest.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    from core.gateways.documents import runbooks  # here alone: nobody else waits for its libraries

    while line := requests.readline():
        request = json.loads(line)
        try:
            document = runbooks.read(request["source"], requests.read(request["bytes"]))
            outcome = {"document": _document.dump_python(document, mode="json")}
        except InvalidInput as refusal:
            outcome = {"refused": str(refusal)}
        answers.write(json.dumps(outcome).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    _answer_all(sys.stdin.buffer, sys.stdout.buffer)
