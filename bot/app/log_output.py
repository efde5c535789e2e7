"""The log on stderr: lines for people or JSON for machines, and no secret in either."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from adapters.terminal_console import as_shown

LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
HIDDEN = "[secret]"

_SHORTEST = 6
_SHAPES = re.compile(
    r"""xox[a-z]-[\w-]{6,} | xapp-[\w-]{6,} | sk-[\w-]{12,} | sntry[a-z]_[\w+/=.-]{6,} | gAAAA[\w=-]{20,}
      | (?<=://)[^\s:/@]+:[^\s/@]+(?=@) | (?<=bearer\s)[\w.~+/=-]{8,}""",
    re.VERBOSE | re.IGNORECASE,
)


class Redacting(logging.Formatter):
    """Any formatter, whose whole line (message, arguments, traceback) is cleaned of secrets and control characters."""

    def __init__(self, formatter: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._formatter = formatter
        known = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def format(self, record: logging.LogRecord) -> str:
        """The line, without secrets."""
        line = self._formatter.format(record)
        if self._known is not None:
            line = self._known.sub(HIDDEN, line)
        return as_shown(_SHAPES.sub(HIDDEN, line))


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        document = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False)


def log_to_stderr(level: str, *, as_json: bool, secrets: Iterable[str]) -> None:
    """The root logger writes to stderr from now on. Raises ValueError for a level that does not exist.

    Libraries are held to INFO: below it, drivers write down every statement with what it carries.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redacting(JsonLines() if as_json else logging.Formatter(LINE), secrets))
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("logsense").setLevel(level)
    logging.getLogger().setLevel(max(logging.getLogger().level, logging.INFO))
