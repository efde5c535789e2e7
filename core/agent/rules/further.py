"""What reaches beyond the failing frame: the cycle of a recursion, a resource not given back, what broke first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.agent.rules.template_values import one_line
from core.domain.causes import Cause
from core.domain.tool_facts import RelatedFacts, StackFacts

BEHIND_OURS = frozenset(
    {
        Cause.CONNECTION_REFUSED,
        Cause.TIMEOUT,
        Cause.DNS,
        Cause.UPSTREAM_FAILURE,
        Cause.NO_RESPONSE,
    }
)
"""Causes that come to light here and begin elsewhere: there it is worth asking what else began."""

_TAKES = re.compile(r"(\w{1,60}) = [\w.]{1,80}\.(?:acquire|getconn|get_connection|checkout|connection)\(")
_PLAIN = re.compile(r"[\"']?[\w .:@/-]{1,40}[\"']?")


def cycle_in(stack: StackFacts) -> str | None:
    """The values that go round in a recursion, as a clause."""
    for local in stack.get("cycle", []):
        values, name = local.get("values", []), local.get("name", "")
        if len(values) > 2 and values[0] == values[-1] and all(map(_PLAIN.fullmatch, values)):
            return f"`{name}` goes round: {', '.join(values)}"
    return None


def leak_in(stack: StackFacts, cause: Cause) -> str | None:
    """The caller that takes from an exhausted pool without a block that gives back, as a clause."""
    if cause is not Cause.POOL_EXHAUSTED:
        return None
    for caller in stack.get("callers", [])[:3]:
        source, file = caller.get("source", ""), caller.get("file", "")
        if file.endswith(".py") and _TAKES.match(source):
            place = f"{file}:{caller['line']}" if "line" in caller else file
            return (
                f"{place} takes it by `{one_line(source, 100)}`, not in a with block: where the code behind it raises, "
                "it is not given back"
            )
    return None


def first_elsewhere(related: RelatedFacts) -> str | None:
    """What broke before in another place and names the same host or error, as a clause."""
    first = related.get("first", {})
    if not first.get("shares"):
        return None
    where = f" in project {first['project']}" if "project" in first else ""
    return (
        f"{first.get('issue')}{where} began {first.get('lead')} and names {', '.join(first['shares'])} too: "
        f"“{one_line(first.get('title', ''), 140)}”"
    )


def further(stack: StackFacts, related: RelatedFacts, cause: Cause, sentence: str) -> Iterator[str]:
    """The clauses that there are; a leak only where `sentence` does not speak of one."""
    leak = None if "give back" in sentence or "given back" in sentence else leak_in(stack, cause)
    yield from filter(None, (cycle_in(stack), leak, first_elsewhere(related)))
