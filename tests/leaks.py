"""Looks through everything that the test run logs, at every level that LogSense can be set to, for secrets."""

from __future__ import annotations

import logging
import re

from bot.demo.local_sentry import TOKEN
from tests.fakes.slack import FakeSlack

SECRETS = re.compile(
    "|".join(
        [
            *map(re.escape, (TOKEN, FakeSlack.client_secret, FakeSlack.signing_secret, FakeSlack.app_token)),
            r"xoxb-[\w-]{20,}",
            r"gAAAA[\w=-]{20,}",
        ]
    )
)
"""Tokens of Sentry and Slack, what signs, and whatever was encrypted."""


class Leaks(logging.Handler):
    """Keeps what a record says when it says a secret: message, arguments and traceback, before anything is redacted."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: list[str] = []
        self.looked_at = 0
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one record; libraries are held to INFO, see `bot.app.log_output`."""
        if record.levelno < logging.INFO and not record.name.startswith("logsense"):
            return
        self.looked_at += 1
        line = self.format(record)
        if SECRETS.search(line):
            self.found.append(SECRETS.sub("SECRET", line)[:500])
