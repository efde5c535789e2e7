"""Writes the root cause: what failed and why, and what else the event shows, or which fact would tell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import cast

from core.agent.rules.causes import CauseEntry, telling_exception
from core.agent.rules.circumstances import called_from, shown_around
from core.agent.rules.template_values import one_line
from core.domain.causes import Cause
from core.domain.tool_facts import ExceptionFacts, IssueFacts, StackFacts

_MESSAGE_CHARS = 160
_MEMBER_CHARS = 100
_MEMBERS = 6
_OWN_WORDS = 2
_CLAUSES = 2
_TELLING = ("the check", "there ", "just before")
_SHORT_MESSAGE = 120
_ITS_OWN_FRAME = ("callers", "raised_in", "next_places", "library_calls_below", "trust")
_EXPLAINED = re.compile(
    r"\{(?:origin|other_key|repeated|locals|skew|column|local_host)\}|\{variable\}.{0,200}\{value\}"
)


def fill(template: str, words: Mapping[str, str]) -> str | None:
    """The template with its placeholders filled; None when one is unknown."""
    needed = {name for _, name, _, _ in Formatter().parse(template) if name}
    return template.format(**words) if needed <= words.keys() else None


def root_cause(
    entry: CauseEntry, words: Mapping[str, str], stack: StackFacts, issue: IssueFacts, *, is_exception: bool
) -> str:
    """One sentence on what failed; of an exception also what the event shows around it, or which fact would tell."""
    short = {name: one_line(word, _MESSAGE_CHARS if name == "message" else len(word)) for name, word in words.items()}
    repeats = short.get("message", "").startswith(short.get("type", ""))
    says = [template for template in entry.says if not (repeats and "{type}" in template)]
    template, sentence = next((each, text) for each in says if (text := _sentence(each, short)))
    members = group_members(stack)
    if members:
        listed = "; ".join(_member(member, stack) for member in members[:_MEMBERS])
        more = f"; and {len(members) - _MEMBERS} more" if len(members) > _MEMBERS else ""
        sentence = f"{len(members)} errors were raised together ({listed}{more})"
    elif is_exception and "{locals}" not in template:
        sentence = _with_message(sentence, short)
    if stack.get("minified"):
        sentence = f"{sentence}; the code is minified, so no function can be named until source maps are uploaded"
    if release := words.get("release"):
        sentence = f"{sentence}, since release {release}"
        if commit := words.get("commit"):
            sentence = f"{sentence} with commit {commit}"
    sentence = f"{sentence.rstrip('. ')}."
    if not is_exception or members or _EXPLAINED.search(template):
        return sentence
    return f"{sentence} {_more(entry, stack, issue, sentence)}".rstrip()


def group_members(stack: StackFacts) -> Sequence[ExceptionFacts]:
    """The independent errors of a group, the one that is spoken of first; empty when there are not two."""
    exceptions = stack.get("exceptions", [])
    if not any(each.get("role") == "sibling" for each in exceptions):
        return ()
    return [each for each in exceptions if each.get("role") in ("root", "sibling")]


def about_one_member(stack: StackFacts, cause: Cause) -> StackFacts:
    """Of a group, the facts as the member that shows `cause` has them, so that no sentence mixes two of its members."""
    member = telling_exception(stack, cause)
    if member.get("role") != "sibling" or "frame" not in member:
        return stack
    kept = {name: value for name, value in stack.items() if name not in _ITS_OWN_FRAME}
    return cast(StackFacts, {**kept, "frame": member["frame"]})


def _member(member: ExceptionFacts, stack: StackFacts) -> str:
    named = one_line(": ".join(filter(None, (member.get("type"), member.get("value")))), _MEMBER_CHARS)
    frame = member.get("frame") or (stack.get("frame", {}) if member.get("role") == "root" else {})
    file, line, function = frame.get("file") or frame.get("module"), frame.get("line"), frame.get("function")
    at = f"{file}:{line}" if file and line is not None else file
    where = " in ".join(filter(None, (at, function)))
    return f"{named} at {where}" if where else named


def _sentence(template: str, words: Mapping[str, str]) -> str | None:
    """The filled template; its own first word is capitalized, a name that it begins with is not."""
    text = fill(template, words)
    begins_with_a_word = template[0].isalpha() or (text or "").startswith("the ")
    return f"{text[0].upper()}{text[1:]}" if text and begins_with_a_word else text


def _with_message(sentence: str, words: Mapping[str, str]) -> str:
    """The sentence with the message, where that is short and the sentence leaves out two of its words."""
    message = words.get("message", "")
    told = set(re.findall(r"\w{3,}", sentence.lower()))
    left_out = [word for word in re.findall(r"\w{3,}", message.lower()) if word not in told]
    is_new = len(left_out) >= _OWN_WORDS and message not in sentence and len(message) <= _SHORT_MESSAGE
    return f"{sentence}: {message}" if is_new else sentence


def _more(entry: CauseEntry, stack: StackFacts, issue: IssueFacts, sentence: str) -> str:
    """What else the event shows, and where that is not why, which fact would tell."""
    facts = list(shown_around(stack, issue, sentence))
    if not any(fact.startswith(_TELLING) for fact in facts):
        if entry.asks:
            facts.append(f"the event does not show {entry.asks}")
        if (caller := called_from(stack, sentence)) and len(facts) <= _CLAUSES:
            facts.append(caller)
    text = "; ".join(facts)
    return f"{text[0].upper()}{text[1:]}." if text else ""
