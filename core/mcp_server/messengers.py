"""Recognizes frames that only report a failure: exception factories, throwing helpers, guards, logging wrappers; pure.

Such a frame is a messenger: what went wrong is where it was called.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.domain.incident import Frame

_END = r"(?![a-z])"
_REPORTS = re.compile(
    rf"_*(?:re)?(?:throw|raise|fail|report|panic|abort)(?:s|_|{_END})|"
    r"\w{0,80}(?:Error|Exception|_error|_exception)$|"
    rf"_*(?:capture|log|notify|on)_?(?:Error|Exception|Message|Panic|Warning|error|exception|message|warning){_END}"
)
_PASSES_ON = re.compile(rf"_*(?:handle|on|wrap|translate|convert)(?:_|{_END})")
_GUARD_CLASS = re.compile(
    r"(?:^|[.$/:\\])(?:Preconditions?|Validate|Asserts?|Assertions?|Assume|Guards?|Contracts?|Ensure|Checks?|Args"
    r"|ArgumentChecks?|Require|Verify|Throws|ThrowHelper|ThrowUtils?|ExceptionUtils?)$"
)
_ERROR_CLASS = re.compile(r"(?:^|[.$/:\\])\w{0,80}(?:Exception|Error)(?:Factory|Builder|Helper|s)?$")
_GUARD = re.compile(rf"_*(?:check|require|ensure|assert|verify)(?:s|_|{_END})")
_REPORTER_CLASS = re.compile(
    r"(?:^|[.$/:\\])(?:Logger|Log|Logging|Timber|Sentry\w{0,40}|Raven|CrashReport\w{0,20}|ErrorReport\w{0,20}"
    r"|ErrorHandler|ErrorReporter|Crashlytics|Rollbar|Bugsnag)$"
)
_FAULT = re.compile(
    r"NullPointer|NullReference|TypeError|AttributeError|KeyError|NameError|NoMethod|Arithmetic|ZeroDivision|ClassCast"
    r"|InvalidCast|IndexOutOf|IndexError|OutOfMemory|StackOverflow|RecursionError|ReferenceError|ConcurrentModification|SIG"
)
_RAISES = re.compile(r"\b(?:raise|throw)\b|\b(?:panic|abort|fatalError)!?\(")
_REFUSES = re.compile(
    r"Argument|Illegal|InvalidOp|InvalidState|NullPointer|Precondition|OutOf(?:Bounds|Range)|IndexOut|ValueError|Assertion"
)


def own_place(stack: Sequence[Frame], index: int, raised: str | None, ours: Sequence[bool]) -> int:
    """The index of the frame of ours that called the messengers at `index`; `index` where it is none, or has no caller.

    `raised` is the type of what was raised. A null pointer and the like no helper reports.
    """
    at = index
    while at >= 0 and (not ours[at] or _only_reports(stack, at, raised, passed=at < index)):
        at -= 1
    return at if at >= 0 and not _is_entry(stack[at]) else index


def is_fault(raised: str | None) -> bool:
    """Whether a language raises that type by itself, so that no helper or guard is behind it."""
    return _FAULT.search(raised or "") is not None


def _only_reports(stack: Sequence[Frame], index: int, raised: str | None, *, passed: bool) -> bool:
    frame = stack[index]
    name = re.split(r"[.:#>]", frame.function or "")[-1].split("(")[0]
    module = (frame.module or "").split("<")[0]
    if _ERROR_CLASS.search(module) or _GUARD_CLASS.search(module):
        return True
    if _REPORTER_CLASS.search(module) or _REPORTS.match(name):
        return passed or not is_fault(raised) or _shows_a_raise(frame)
    if passed and _PASSES_ON.match(name):
        return True
    return bool(_GUARD.match(name) and _REFUSES.search(raised or "")) and _is_called_from_elsewhere(stack, index)


def _is_called_from_elsewhere(stack: Sequence[Frame], index: int) -> bool:
    return index > 0 and _home(stack[index - 1]) != _home(stack[index])


def _home(frame: Frame) -> str | None:
    """The class or file of a frame, an inner class with its outer one."""
    return (frame.module or "").split("$")[0] or frame.file


def _is_entry(frame: Frame) -> bool:
    """Whether it is where a program begins, which tells nothing of the failure."""
    return re.split(r"[.:#>]", frame.function or "")[-1] in ("main", "Main", "<module>", "<main>")


def _shows_a_raise(frame: Frame) -> bool:
    return any(number == frame.line and _RAISES.search(text) for number, text in frame.source)
