"""Names the cause class of an error by the signs written down in `causes.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from core.agent.rules.classified_text import classified_text, without_hints
from core.domain.causes import Cause
from core.domain.report import Fix, Level
from core.domain.tool_facts import ExceptionFacts, IssueFacts, StackFacts

ORDINARY = 4
"""Signs at least this strong are believed on the innermost exception, whatever its wrappers say."""

_CRUMBS = 3
_FIELDS = ("type", "name", "code", "message", "source")
RAISED_VALUE = "raised value "
"""How the evidence names the parts of what was raised, where that was no error."""
_THROWS = re.compile(r"(?:^|[._:])(?:throw|raise)_?(\w{1,80}(?:Exception|Error))", re.IGNORECASE)
_STATUS = re.compile(r"\bstatus(?:_code)?=([45]\d\d)\b")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class Sign:
    """One way to recognise a cause: every pattern must be found in its field."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...]
    strength: int
    example: str = ""

    def holds(self, fields: Mapping[str, str]) -> bool:
        """Whether every pattern is found."""
        return all(pattern.search(fields.get(name, "")) for name, pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class CauseEntry:
    """What `causes.toml` says about one cause; the texts of `says` and `fixes` have {placeholders}."""

    cause: Cause
    label: str
    definition: str
    example: str
    says: tuple[str, ...]
    signs: tuple[Sign, ...]
    fixes: tuple[Fix, ...]
    asks: str = ""
    hint: str = ""
    fixes_on: tuple[tuple[str, Fix], ...] = ()


@cache
def catalogue() -> Mapping[Cause, CauseEntry]:
    """All causes, in the order of the file."""
    tables = tomllib.loads(files("core.agent.rules").joinpath("causes.toml").read_text(encoding="utf-8"))
    return {Cause(name): entry_of(Cause(name), table) for name, table in tables.items()}


def classify(stack: StackFacts, issue: IssueFacts) -> Cause:
    """The cause whose sign is strongest on the innermost telling exception; UNKNOWN when none holds."""
    guesses: list[tuple[int, Cause]] = []
    for fields in _candidates(stack, issue):
        strength, cause = _strongest(fields)
        if strength >= ORDINARY:
            return cause
        guesses.append((strength, cause))
    return max(guesses, key=lambda guess: guess[0], default=(0, Cause.UNKNOWN))[1]


def telling_exception(stack: StackFacts, cause: Cause) -> ExceptionFacts:
    """The exception that shows `cause`, innermost first; the innermost when none does; empty without exceptions."""
    exceptions = stack.get("exceptions", [])
    for exception in exceptions:
        fields = {"type": exception.get("type", ""), "message": exception.get("value", "")}
        if _strongest(fields)[1] is cause:
            return exception
    return exceptions[0] if exceptions else {}


def cause_of_text(text: str) -> Cause:
    """The cause whose sign is strongest in one sentence."""
    return _strongest({"message": text})[1]


def words_in(name: str) -> str:
    """The words of a CamelCase or snake_case name, lower case, each between two blanks."""
    return f" {' '.join(word.lower() for word in _WORD.findall(name))} "


def _candidates(stack: StackFacts, issue: IssueFacts) -> Iterator[Mapping[str, str]]:
    """The texts to look at, most telling first: what was raised, exceptions innermost first, then bare messages."""
    source = stack.get("frame", {}).get("source", "")
    if raised := " ".join(value for name, value in stack.get("evidence", {}).items() if name.startswith(RAISED_VALUE)):
        yield {"message": raised}
    exceptions = stack.get("exceptions", [])
    for group in _alternatives(exceptions):
        yield _best_fields(group, source)
    message = " ".join([stack.get("message", ""), *stack.get("message_params", [])])
    yield {"message": message, "type": issue.get("kind", "")}
    if thrown := _THROWS.search(stack.get("raised_in", {}).get("function", "")):
        yield {"type": thrown[1]}
    yield {"message": issue.get("title", ""), "source": source}
    for crumb in reversed(stack.get("breadcrumbs", [])[-_CRUMBS:]):
        if status := _STATUS.search(crumb.get("data", "")):
            yield {"message": f"status {status[1]}"}
        if crumb.get("level") in ("error", "fatal"):
            told = crumb.get("message", "")
            yield {"message": told, "type": re.split(r"[\s:]", told, maxsplit=1)[0]}


def _alternatives(exceptions: Sequence[ExceptionFacts]) -> Iterator[Sequence[ExceptionFacts]]:
    """Exceptions in the order they are looked at; the members of a group stand side by side."""
    members = [exception for exception in exceptions if exception.get("role") == "sibling"]
    if members:
        yield members
    for exception in exceptions:
        if exception.get("role") != "sibling":
            yield [exception]


def _best_fields(group: Sequence[ExceptionFacts], source: str) -> Mapping[str, str]:
    texts = [
        {"type": exception.get("type", ""), "message": exception.get("value", ""), "source": source}
        for exception in group
    ]
    return max(texts, key=lambda fields: _strongest(fields)[0])


def _strongest(fields: Mapping[str, str]) -> tuple[int, Cause]:
    fields = _looked_at(fields)
    holding = [
        (sign.strength, entry.cause) for entry in catalogue().values() for sign in entry.signs if sign.holds(fields)
    ]
    return max(holding, key=lambda found: found[0], default=(0, Cause.UNKNOWN))


def _looked_at(fields: Mapping[str, str]) -> Mapping[str, str]:
    """Each field in the form that its patterns expect."""
    type_, message = fields.get("type", ""), fields.get("message", "")
    return {
        **fields,
        "type": words_in(type_),
        "name": re.split(r"[.:\\\\/$]", type_.strip())[-1],
        "code": f"{type_} {without_hints(message)}",
        "message": classified_text(message),
    }


def entry_of(cause: Cause, table: Mapping[str, object]) -> CauseEntry:
    """Read one table of texts, signs and fixes."""
    return CauseEntry(
        cause,
        str(table["label"]),
        str(table["definition"]),
        str(table["example"]),
        tuple(_strings(table.get("says"))),
        tuple(_sign(sign) for sign in _tables(table.get("sign"))),
        tuple(_fix(fix) for fix in _tables(table.get("fix"))),
        str(table.get("asks", "")),
        str(table.get("hint", "")),
        tuple(
            (device, _fix(fix))
            for device, name in (("phone", "fix_on_phone"), ("browser", "fix_in_browser"))
            for fix in _tables(table.get(name))
        ),
    )


def _sign(table: Mapping[str, object]) -> Sign:
    patterns = tuple((field, _pattern(field, str(table[field]))) for field in _FIELDS if field in table)
    return Sign(patterns, int(str(table["strength"])), str(table.get("example", "")))


def _pattern(field: str, written: str) -> re.Pattern[str]:
    match field:
        case "type":
            return re.compile("|".join(re.escape(words_in(name)) for name in written.split("|")))
        case "name":
            return re.compile(rf"^(?:{written})$")
        case "code":
            return re.compile(rf"(?<!\w)(?:{written})(?!\w)")
        case "message":
            bounded = written.replace(".*", ".{0,200}")  # a message may repeat what stands before it
            return re.compile(rf"(?<![^\W_])(?:{bounded})(?![^\W_])", re.IGNORECASE)
        case _:
            return re.compile(written, re.IGNORECASE)


def _fix(table: Mapping[str, object]) -> Fix:
    return Fix(
        str(table["title"]),
        tuple(_strings(table["steps"])),
        Level(str(table["risk"])),
        Level(str(table["effort"])),
        int(str(table["confidence"])),
    )


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, list):
        yield from (str(item) for item in value)


def _tables(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list):
        yield from value
