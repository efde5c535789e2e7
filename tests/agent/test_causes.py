"""The catalogue of causes: complete, and each example recognised as what it is an example of."""

import pytest

from core.agent.rules.causes import catalogue, classify, telling_exception
from core.domain.causes import Cause
from core.domain.tool_facts import ExceptionFacts, FrameFacts, StackFacts


def _raised(text: str) -> StackFacts:
    kind, _, value = text.partition(": ")
    return StackFacts(exceptions=[ExceptionFacts(type=kind, value=value, role="root")])


def test_the_catalogue_covers_the_closed_list_in_its_order() -> None:
    assert list(catalogue()) == list(Cause)


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause not in (Cause.UNKNOWN, Cause.NOTHING_FAILED)])
def test_the_example_of_each_cause_is_recognised(cause: Cause) -> None:
    assert classify(_raised(catalogue()[cause].example), {}) is cause


@pytest.mark.parametrize(
    ("cause", "example"),
    [(cause, sign.example) for cause, entry in catalogue().items() for sign in entry.signs if sign.example],
)
def test_the_example_of_each_sign_is_recognised(cause: Cause, example: str) -> None:
    assert classify(_raised(example), {}) is cause


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("if (!hinge.free)", Cause.UNKNOWN),
        ("return hinge.open();  // may throw", Cause.UNKNOWN),
        ('if (!hinge.free) throw new Exception("door is shut");', Cause.DELIBERATE),
        ("raise RuntimeError('door is shut')", Cause.DELIBERATE),
    ],
)
def test_a_bare_type_is_deliberate_only_where_the_line_raises(source: str, cause: Cause) -> None:
    stack = _raised("Exception: door is shut")
    stack["frame"] = FrameFacts(function="Open", file="Door.cs", line=12, source=source)
    assert classify(stack, {}) is cause


@pytest.mark.parametrize("cause", list(Cause))
def test_each_cause_has_a_sentence_and_a_fix_that_need_little(cause: Cause) -> None:
    entry = catalogue()[cause]
    assert entry.definition and entry.label and entry.says and entry.fixes


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("TypeError: Cannot read properties of undefined (reading 'total')", Cause.NULL_VALUE),
        ("NoMethodError: undefined method `name' for nil:NilClass", Cause.NULL_VALUE),
        ('NullPointerException: Cannot invoke "Cart.total()" because "<local4>" is null', Cause.NULL_VALUE),
        ("panic: runtime error: invalid memory address or nil pointer dereference", Cause.NULL_VALUE),
        ("TypeError: cart.total is not a function", Cause.MISSING_KEY),
        ("AttributeError: 'Cart' object has no attribute 'totl'", Cause.MISSING_KEY),
        ("SyntaxError: Unexpected token < in JSON at position 0", Cause.PARSE_ERROR),
        ("ValueError: invalid literal for int() with base 10: '12a'", Cause.PARSE_ERROR),
        ("Error: connect ECONNREFUSED 127.0.0.1:5432", Cause.CONNECTION_REFUSED),
        ("Error: getaddrinfo ENOTFOUND payments.internal", Cause.DNS),
        ("Error: listen EADDRINUSE: address already in use :::3000", Cause.PORT_IN_USE),
        ("HTTPError: 429 Client Error: Too Many Requests for url: https://api.example.com", Cause.RATE_LIMITED),
        ("HTTPError: 503 Server Error: Service Unavailable for url: https://x.example.com", Cause.UPSTREAM_FAILURE),
        ("RangeError: Maximum call stack size exceeded", Cause.RECURSION),
        ("TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out", Cause.POOL_EXHAUSTED),
        ("OperationalError: database is locked", Cause.CONCURRENCY),
        ("Error: Something happened to the frobnicator", Cause.DELIBERATE),
    ],
)
def test_errors_of_many_languages_are_classified(text: str, cause: Cause) -> None:
    assert classify(_raised(text), {}) is cause


def test_the_innermost_exception_decides_not_its_wrappers() -> None:
    stack = StackFacts(
        exceptions=[
            ExceptionFacts(type="ConnectionRefusedError", value="[Errno 111] Connection refused", role="root"),
            ExceptionFacts(type="RuntimeError", value="permission denied while saving", role="wrapper"),
        ]
    )
    assert classify(stack, {}) is Cause.CONNECTION_REFUSED


def test_a_wrapper_decides_when_the_innermost_says_nothing() -> None:
    stack = StackFacts(
        exceptions=[
            ExceptionFacts(type="Boom", value="x", role="root"),
            ExceptionFacts(type="RateLimitError", value="429 Too Many Requests", role="wrapper"),
        ]
    )
    assert classify(stack, {}) is Cause.RATE_LIMITED


def test_of_a_group_the_member_that_shows_the_cause_is_spoken_of() -> None:
    members = [
        ExceptionFacts(type="ValueError", value="654", role="root"),
        ExceptionFacts(type="ModuleNotFoundError", value="No module named 'stripe'", role="sibling"),
    ]
    stack = StackFacts(exceptions=members)
    assert telling_exception(stack, Cause.CODE_LOADING) == members[1]
    assert telling_exception(stack, Cause.DNS) == members[0]
    assert telling_exception({}, Cause.DNS) == {}


def test_an_error_without_any_sign_is_unknown() -> None:
    assert classify(_raised("Blorp: frobnicated"), {}) is Cause.UNKNOWN
    assert classify({}, {}) is Cause.UNKNOWN
