"""The one masking stage: secrets by name and by shape, and personal data as the policy says."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

import re2

from core.domain.tenancy import MASKED_BY_DEFAULT
from core.masking import command_rules, gitleaks, named_values, personal, shape_rules
from core.masking.controls import without_controls
from core.masking.names import Secrecy, secrecy
from core.masking.placeholders import PLACEHOLDER, placeholder, says_more
from core.masking.shapes import LONG_RUN, Rule, Sign, encoded, has_long_run
from core.masking.values import is_open

RULES: tuple[Rule, ...] = (
    *shape_rules.RULES,
    *command_rules.RULES,
    *gitleaks.RULES,
    *(rule for rules in personal.RULES.values() for rule in rules),
)
_MAX_PASSES = 4
_NAME = re.compile(r"[\w.$-]{1,80}")

Span = tuple[int, int, str]
_STEM_COUNT = len(named_values.STEMS)


class _Prefilter:
    """Which rules can find something in a text: one pass of an RE2 set over all their traces.

    Sets of rules are numbers with a bit for each rule.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._always = sum(1 << index for index, rule in enumerate(rules) if not rule.traces)
        bits = dict.fromkeys(named_values.STEMS, 0)
        for index, rule in enumerate(rules):
            for trace in rule.traces:
                bits[trace] = bits.get(trace, 0) | 1 << index
        self._of_long_runs = bits.pop(LONG_RUN)
        self._set = re2.Set.SearchSet()
        for trace in bits:
            self._set.Add(trace if isinstance(trace, Sign) else re2.escape(trace))
        self._set.Compile()
        self._bits = list(bits.values())

    def of_kinds(self, kinds: Container[str]) -> int:
        """Return the set of the rules for `kinds`."""
        return sum(1 << index for index, rule in enumerate(self._rules) if rule.kind in kinds)

    def of(self, text: str, among: int = -1) -> tuple[list[Rule], list[str]]:
        """Return the rules of the set `among` to try, in their order, and the stems of secrets' names in `text`."""
        found, stems = self._always | (self._of_long_runs if has_long_run(text) else 0), []
        for index in self._set.Match(text.lower()) or ():
            found |= self._bits[index]
            if index < _STEM_COUNT:
                stems.append(named_values.STEMS[index])
        rest, tried = found & among, []
        while rest:
            rule = self._rules[(rest & -rest).bit_length() - 1]
            rest &= rest - 1
            if rule.needs is None or rule.needs.search(text):
                tried.append(rule)
        return tried, stems


_PREFILTER = _Prefilter(RULES)


def may_hold_secrets(text: str) -> bool:
    """Tell whether any rule has to look at `text`: false for most texts, at little cost."""
    return any(_PREFILTER.of(text))


_MAX_DEPTH = 40


class Masker:
    """Replaces secrets by placeholders that depend on `key` and the secret alone; `personal_data` are kinds to mask."""

    def __init__(self, key: str, personal_data: Iterable[str] = MASKED_BY_DEFAULT) -> None:
        self._key = key.encode()
        self._among = _PREFILTER.of_kinds({*personal_data, "secret", "key"})

    def chosen(self) -> Masker:
        """Return the masker that decides for whoever calls now: this one."""
        return self

    def text(self, text: str) -> str:
        """Return `text` with nothing invisible and no secret left in it; what was masked stays as it is."""
        text = self._json(without_controls(text))
        for _ in range(_MAX_PASSES):
            rules, stems = _PREFILTER.of(text, self._among)
            spans = self._found(text, rules, stems) if rules or stems else []
            if not spans:
                break
            text = self._replaced(text, spans)
        return text

    def _json(self, text: str) -> str:
        """Mask the leaves of a text that is JSON: in it no escape, however often repeated, stands before a secret."""
        if "{" not in text and "[" not in text:
            return text
        bare = text.strip()
        if bare[:1] + bare[-1:] not in ("{}", "[]") or not ("\\u" in bare or may_hold_secrets(bare)):
            return text
        try:
            decoded = json.loads(bare)
            masked = self._leaves(self.structure(decoded))
        except (ValueError, RecursionError):
            return text
        return text if masked == decoded else json.dumps(masked, ensure_ascii=False)

    def _leaves(self, thing: Any) -> Any:
        if isinstance(thing, str):
            return self.text(thing)
        if isinstance(thing, dict):
            return {self.text(key): self._leaves(item) for key, item in thing.items()}
        return [self._leaves(item) for item in thing] if isinstance(thing, list) else thing

    def named(self, name: str, value: str) -> str:
        """Return the value of a variable, header or setting called `name`, which may say that all of it is secret."""
        value = without_controls(value)
        bare = value.strip().strip("\"'")
        verdict = secrecy(name.strip().strip("\"'"))
        if verdict is not Secrecy.NONE and not is_open(
            value.strip(), name.lower(), is_certain=verdict is Secrecy.CERTAIN, is_spoken=False
        ):
            return placeholder(self._key, "secret", bare)
        return self.text(value)

    def structure(self, thing: Any, depth: int = 0) -> Any:
        """Return decoded JSON with the values of secrets' names masked; what lies deeper than 40 levels is left out.

        Texts without such a name are left for `text`: here is decided what is lost when objects become lines.
        """
        if depth > _MAX_DEPTH:
            return "…"
        if isinstance(thing, dict):
            name, value = thing.get("key") or thing.get("name"), thing.get("value")
            masked = {key: self._under(str(key), item, depth + 1) for key, item in thing.items()}
            if isinstance(name, str) and isinstance(value, str):
                masked["value"] = self._under(name, value, depth + 1)
            return masked
        if isinstance(thing, list):
            if len(thing) == 2 and all(isinstance(each, str) for each in thing) and _NAME.fullmatch(thing[0]):
                return [thing[0], self._under(thing[0], thing[1], depth + 1)]
            return [self.structure(item, depth + 1) for item in thing]
        return thing

    def _under(self, name: str, value: Any, depth: int) -> Any:
        """The value that stands under `name`: all of a list or object of a certain secret is secret."""
        if depth > _MAX_DEPTH:
            return "…"
        verdict = secrecy(name)
        if verdict is Secrecy.NONE:
            return self.structure(value, depth)
        if isinstance(value, str):
            return self.named(name, value)
        if verdict is not Secrecy.CERTAIN:
            return self.structure(value, depth)
        if isinstance(value, list):
            return [item if _is_complaint(item) else self._under(name, item, depth + 1) for item in value]
        if isinstance(value, dict):
            return {key: self._under(name, item, depth + 1) for key, item in value.items()}
        if isinstance(value, int | float) and not isinstance(value, bool):
            return placeholder(self._key, "secret", str(value))
        return value

    def _found(self, text: str, rules: Iterable[Rule], stems: Sequence[str]) -> list[Span]:
        found = [(low, high, "secret") for low, high in named_values.find(text, stems)] if stems else []
        if rules:
            subject = encoded(text)
            found += [(low, high, rule.kind) for rule in rules for low, high in _matches(rule, text, subject)]
        if not found:
            return found
        taken = [match.span() for match in PLACEHOLDER.finditer(text)]
        return _disjoint(span for span in found if _is_new(text, span[0], span[1], taken))

    def _replaced(self, text: str, spans: list[Span]) -> str:
        parts, done = [], 0
        for low, high, kind in spans:
            parts += [text[done:low], placeholder(self._key, kind, text[low:high])]
            done = high
        return "".join([*parts, text[done:]])


class Maskers:
    """Maskers with one key, so that placeholders stay equal; one for each choice of personal data."""

    def __init__(self, key: str, default: Iterable[str] = MASKED_BY_DEFAULT) -> None:
        self._key = key
        self._default = frozenset(default)
        self._made: dict[frozenset[str], Masker] = {}

    def of(self, personal_data: Iterable[str] | None = None) -> Masker:
        """Return the masker for those kinds; None stands for the default."""
        kinds = self._default if personal_data is None else frozenset(personal_data)
        if kinds not in self._made:
            self._made[kinds] = Masker(self._key, kinds)
        return self._made[kinds]


def _is_complaint(item: Any) -> bool:
    """A sentence of a validator in the list of what is wrong with a field: `["This field is required."]`."""
    return isinstance(item, str) and " " in item and is_open(item, "", is_certain=True, is_spoken=True)


def _matches(rule: Rule, text: str, subject: str | bytes) -> Iterator[tuple[int, int]]:
    for match in rule.pattern.finditer(subject):
        low, high = next((match.span(group) for group in rule.groups if match.start(group) >= 0), rule.otherwise(match))
        if low < high and (rule.accept is None or rule.accept(text[low:high])):
            yield low, high


def _last_before(at: int, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the last of the ordered `spans` that begins before `at`, if there is one."""
    index = bisect_left(spans, (at, 0))
    return spans[index - 1 : index]


def _is_new(text: str, low: int, high: int, taken: list[tuple[int, int]]) -> bool:
    """Whether the span hides something: no placeholder, and none torn in two."""
    if not taken:
        return low < high
    if any(start < at < end for at in (low, high) for start, end in _last_before(at, taken)):
        return False
    return low < high and says_more(text[low:high])


def _disjoint(spans: Iterable[Span]) -> list[Span]:
    """The spans in order; of overlapping ones the first, as far as the last of them goes."""
    merged: list[Span] = []
    for low, high, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if merged and low < merged[-1][1]:
            first, last, known = merged[-1]
            merged[-1] = first, max(last, high), known
        else:
            merged.append((low, high, kind))
    return merged
