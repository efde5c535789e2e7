"""What is written where nothing can be redrawn: a file, a pipe, the log of a job."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from adapters.terminal import TerminalChannel, rendered
from core.domain.conversation import ConversationRef
from core.domain.investigation import Status
from core.domain.journal import Step
from core.domain.report import NO_USAGE
from core.domain.tenancy import Platform, WorkspaceRef
from core.domain.thread_view import ProgressView

HERE = ConversationRef(WorkspaceRef(Platform.TERMINAL, "local"), "tty")
VIEW = ProgressView("i1", "SHOP-1", Status.RUNNING, (), None, (), NO_USAGE, datetime(2026, 11, 23, tzinfo=UTC))
ISSUE, STACK = (Step(n, "", tool, {}) for n, tool in ((1, "get_sentry_issue_details"), (2, "get_stacktrace")))


async def test_each_step_is_written_once_when_it_has_ended_whichever_ends_first() -> None:
    written = io.StringIO()
    channel = TerminalChannel(Console(file=written, width=100))
    issue, stack = replace(ISSUE, ok=True, outcome="the issue"), replace(STACK, ok=True, outcome="the stack")
    (message,) = await channel.post(HERE, VIEW)
    for steps in ((ISSUE, STACK), (ISSUE, stack), (issue, stack), (issue, stack)):
        await channel.edit(message, replace(VIEW, steps=steps))
    told = written.getvalue()
    assert told.index("the stack") < told.index("the issue")
    assert told.count("the stack") == told.count("the issue") == 1


@pytest.mark.parametrize("question", ["who is affected", "who is\naffected"])
def test_the_heading_of_a_question_names_issue_and_investigation(question: str) -> None:
    written = io.StringIO()
    Console(file=written, width=100).print(rendered(replace(VIEW, question=question)))
    assert "SHOP-1 (i1): who is affected" in written.getvalue()
