"""What this process says on stderr: one line a record, and never the text of an exception."""

from __future__ import annotations

import logging
import sys

_LINE_CHARS = 500

log = logging.getLogger("logsense.tools")


class _WithoutTracebacks(logging.Formatter):
    """One line a record: an exception shows as its type, for its text may quote what a tracker sent."""

    def formatException(self, ei: object) -> str:
        return ""

    def format(self, record: logging.LogRecord) -> str:
        """Level, logger and message, and the type of the exception if there is one."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        message = record.getMessage().replace("\n", " ")[:_LINE_CHARS]
        return f"{record.levelname} {record.name} {message}{f' ({error})' if error else ''}"


def log_to_stderr() -> None:
    """Everything logged goes to stderr, our own from INFO, others from WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WithoutTracebacks())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("logsense").setLevel(logging.INFO)


def log_started(process_id: int) -> None:
    """Whoever supervises this process reads its id from this line."""
    log.info("process %d serves", process_id)
