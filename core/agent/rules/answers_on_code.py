"""Answers on the failing code: the line, the way to it, how to get there again, and who knows it."""

from __future__ import annotations

from collections.abc import Iterator

from core.agent.rules.answer_parts import Known, Part
from core.agent.rules.answers_on_course import commit_words
from core.agent.rules.template_values import culprit_of, one_line
from core.domain.tool_facts import BreadcrumbFacts, FrameFacts, StackFacts

_MOST_CALLERS = 5
_MOST_VALUES = 6
_MOST_CRUMBS = 8


def line(known: Known) -> Iterator[Part]:
    """The frame that matters with its source and values, and who called it."""
    stack, ids = known.stack()
    culprit = culprit_of(stack)
    if culprit is None:
        yield Part("The event has no stack frame, so no line can be named.", ids)
        return
    frame = stack.get("frame", {})
    lines = [f"{culprit}" + (f": `{frame['source'].strip()}`" if frame.get("source") else "")]
    if exceptions := stack.get("exceptions"):
        lines.append(
            f"It raised {exceptions[0].get('type', 'an error')}: {exceptions[0].get('value', '')}".rstrip(": ")
        )
    lines += _values(stack)
    lines += [f"called from {_place(caller)}" for caller in stack.get("callers", [])[:_MOST_CALLERS]]
    if stack.get("minified"):
        lines.append("The code is minified: names and line numbers mislead.")
    yield Part("\n".join(lines), ids)


def _place(frame: FrameFacts) -> str:
    where = frame.get("file") or frame.get("module") or "an unknown file"
    at = f":{frame['line']}" if frame.get("line") else ""
    return f"{where}{at}" + (f" in {frame['function']}" if frame.get("function") else "")


def _values(stack: StackFacts) -> list[str]:
    values = stack.get("frame", {}).get("variables", {})
    return [f"{name} = {one_line(value, 160)}" for name, value in list(values.items())[:_MOST_VALUES]]


def prior(known: Known) -> Iterator[Part]:
    """The breadcrumbs, oldest first; else the request or the transaction."""
    stack, ids = known.stack()
    if crumbs := stack.get("breadcrumbs"):
        told = "\n".join(f"- {_crumb(crumb)}" for crumb in crumbs[-_MOST_CRUMBS:])
        yield Part(f"Right before it, oldest first:\n{told}", ids)
    elif began := stack.get("request") or stack.get("transaction"):
        yield Part(f"The event has no breadcrumbs. It happened while serving {began}.", ids)
    else:
        yield Part("The event has neither breadcrumbs nor a request, so nothing says what happened before.", ids)


def _crumb(crumb: BreadcrumbFacts) -> str:
    told = (crumb.get("at"), crumb.get("category"), crumb.get("level"), crumb.get("message"), crumb.get("data"))
    return " | ".join(filter(None, told))


def reproduce(known: Known) -> Iterator[Part]:
    """The request, the steps and the values of a recorded event: whoever repeats them should meet the error."""
    stack, ids = known.stack()
    issue, details = known.issue()
    steps = []
    if crumbs := stack.get("breadcrumbs"):
        steps.append(
            "Do what led to it: " + "; ".join(filter(None, (c.get("message") for c in crumbs[-_MOST_CRUMBS:])))
        )
    if request := stack.get("request"):
        steps.append(f"Send the request: {request}")
    elif transaction := stack.get("transaction"):
        steps.append(f"Run {transaction}")
    if values := _values(stack):
        steps.append(f"With these values at {culprit_of(stack)}: {'; '.join(values)}")
    if not steps:
        yield Part("The event has no request, breadcrumbs or values, so nothing says how to reproduce it.", ids)
        return
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    event = f" (event {stack['event_id']})" if stack.get("event_id") else ""
    yield Part(f"Not tried yet: this is how the recorded event{event} came about.\n{numbered}", ids)
    version = issue.get("release") or issue.get("first_release")
    if where := " in ".join(filter(None, (version and f"release {version}", issue.get("environment")))):
        yield Part(f"It was recorded with {where}.", details)


def owner(known: Known) -> Iterator[Part]:
    """Who made the suspect commits, who it is assigned to, and how to find others."""
    issue, details = known.issue()
    stack, ids = known.stack()
    commits = issue.get("suspects") or issue.get("release_commits") or []
    authors = dict.fromkeys(commit["author"] for commit in commits if commit.get("author"))
    if authors:
        label = "Suspect commit" if issue.get("suspects") else "Commit of the introducing release"
        told = "\n".join(f"{label}: {commit_words(commit)}" for commit in commits[:3])
        yield Part(f"{', '.join(authors)} changed it last, as far as the tracker knows.\n{told}", details)
    if assigned := issue.get("assigned_to"):
        yield Part(f"The issue is assigned to {assigned}.", details)
    if not authors and not assigned:
        yield Part("The tracker knows no commit and nobody assigned, so nothing says who knows the code.", details)
    if file := stack.get("frame", {}).get("file"):
        yield Part(f"The history of the file tells more: git log -- {file}", ids)
