"""A worker process: answers pickled calls on standard input, one after the other, until its parent is gone.

The kernel ends the process when one call takes more processor time than its deadline, also inside of C code that no
signal handler could interrupt; the parent sees by the exit status why. When the parent dies, reading ends.
"""

from __future__ import annotations

import logging
import os
import pickle
import resource
import signal
import struct
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

REQUEST = struct.Struct(">dQ")
"""Seconds of processor time for the call, bytes of the pickle that follows."""
ANSWER = struct.Struct(">Q")
_NICENESS = 5


def answer_all(requests: BinaryIO, answers: BinaryIO, max_memory_bytes: int) -> None:
    """Answer until the other side closes; each answer is a pickled `(result, None)` or `(None, error)`."""
    _step_back()
    # Ctrl-C is the parent's to answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    logging.disable()
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (max_memory_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))
    with suppress(BrokenPipeError):
        while len(header := requests.read(REQUEST.size)) == REQUEST.size:
            cpu_s, length = REQUEST.unpack(header)
            answer = _answer(requests.read(length), cpu_s)
            answers.write(ANSWER.pack(len(answer)))
            answers.write(answer)
            answers.flush()


def _step_back() -> None:
    """Let the event loops of all organizations go first where processors are short, and live where memory is."""
    os.nice(_NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _answer(request: bytes, cpu_s: float) -> bytes:
    try:
        # Importing what a call needs is not counted.
        function, arguments = pickle.loads(request)
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        return pickle.dumps((function(*arguments), None), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return _pickled_error(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _pickled_error(error: Exception) -> bytes:
    error.__traceback__ = error.__cause__ = error.__context__ = None
    try:
        answer = pickle.dumps((None, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(answer)
    except Exception:
        return pickle.dumps((None, RuntimeError(type(error).__name__)), pickle.HIGHEST_PROTOCOL)
    return answer


def main(max_memory_bytes: int) -> None:
    """Serve on standard input and output; whatever is printed goes nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    answer_all(requests, answers, max_memory_bytes)
