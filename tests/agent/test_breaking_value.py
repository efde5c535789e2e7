"""The value that broke the code is found in the failing line, its locals and the message, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.agent.rules.offending_value import BreakingValue, find_breaking_value
from core.domain.causes import Cause
from core.domain.tool_facts import FrameFacts, StackFacts


def _frame(source: str, *, context: list[str] | None = None, **variables: str) -> StackFacts:
    return StackFacts(frame=FrameFacts(source=source, context=context or [source], variables=variables))


@pytest.mark.parametrize(
    ("cause", "message", "stack", "expected"),
    [
        (
            Cause.PARSE_ERROR,
            "Unexpected token '<', \"<html><hea\"... is not valid JSON",
            _frame("return JSON.parse(body);"),
            BreakingValue(value='"<html><hea"'),
        ),
        (Cause.ARITHMETIC, "division by zero", _frame("return total / 0"), BreakingValue(value="zero")),
        (
            Cause.MISSING_KEY,
            "'price'",
            _frame('return item["price"] * item["qty"]', item="{'sku': 'A1', 'qty': 2}"),
            BreakingValue("item", "{'sku': 'A1', 'qty': 2}", key="price"),
        ),
        (
            Cause.MISSING_KEY,
            "'EUR'",
            _frame("return rates[currency]", rates="{'USD': 1.0}", currency="'EUR'"),
            BreakingValue("rates", "{'USD': 1.0}", key="EUR"),
        ),
        (
            Cause.NULL_VALUE,
            "'NoneType' object has no attribute 'total'",
            _frame("amount = cart.total()", context=["cart = load_cart(user)", "amount = cart.total()"], cart="None"),
            BreakingValue("cart", "None", "load_cart(user)", key="total"),
        ),
        (
            Cause.NULL_VALUE,
            "Cannot read properties of undefined (reading 'id')",
            _frame("return order.customer.id;", order="[Object]"),
            BreakingValue("order.customer", "undefined", key="id"),
        ),
        (
            Cause.NULL_VALUE,
            'Cannot invoke "Cart.total()" because "session.cart" is null',
            _frame("return session.cart.total();"),
            BreakingValue("session.cart", "null"),
        ),
        (
            Cause.ARITHMETIC,
            "division by zero",
            _frame("return total / count", total="100", count="0"),
            BreakingValue("count", "0"),
        ),
        (
            Cause.ARITHMETIC,
            "division by zero",
            _frame("mean = sum(xs) / len(xs)", xs="[]"),
            BreakingValue("xs", "[]"),
        ),
        (
            Cause.CONFIGURATION,
            "'PAYMENT_API_KEY'",
            _frame('key = os.environ["PAYMENT_API_KEY"]'),
            BreakingValue("os.environ", None, key="PAYMENT_API_KEY"),
        ),
        (Cause.PARSE_ERROR, "invalid literal for int() with base 10: '12a'", {}, BreakingValue(value="'12a'")),
    ],
)
def test_the_value_is_found(cause: Cause, message: str, stack: StackFacts, expected: BreakingValue) -> None:
    assert find_breaking_value(cause, message, stack) == expected


@pytest.mark.parametrize(
    ("cause", "message", "key"),
    [
        (Cause.CODE_LOADING, "No module named 'slugs' (set SHOP_TRACE_LEVEL to see more)", "slugs"),
        (Cause.CODE_LOADING, "No module named 'slugs'\nhint: SHOP_PATH is required", "slugs"),
        (Cause.CODE_LOADING, "ERR_MODULE_NOT_FOUND: Cannot find package 'left-pad' imported from /a.js", "left-pad"),
        (Cause.CODE_LOADING, "cannot load such file -- nokogiri", "nokogiri"),
        (Cause.CODE_LOADING, 'Class "App\\Mailer" not found', "App\\Mailer"),
        (Cause.MISSING_KEY, "ERR_HTTP_HEADERS_SENT: Cannot set headers after they are sent", None),
        (Cause.CONFIGURATION, "index out of bounds\nnote: run with `RUST_BACKTRACE=1` environment variable", None),
        (Cause.CONFIGURATION, "MAIL_HOST is not set", "MAIL_HOST"),
        (Cause.CONFIGURATION, "missing environment variable MAIL_HOST", "MAIL_HOST"),
        (Cause.CONFIGURATION, "required setting `MAIL_HOST`", "MAIL_HOST"),
        (Cause.CONFIGURATION, "Missing required MAIL_HOST", "MAIL_HOST"),
        (Cause.CONFIGURATION, "MAIL_HOST must be set", "MAIL_HOST"),
        (Cause.CONFIGURATION, "MAIL_HOST answered nothing", None),
    ],
)
def test_a_word_in_capitals_is_the_key_only_where_it_is_said_to_be_missing(
    cause: Cause, message: str, key: str | None
) -> None:
    assert find_breaking_value(cause, message, {}).key == key


@given(
    cause=st.sampled_from(list(Cause)),
    message=st.text(max_size=80),
    source=st.text(max_size=80),
    variables=st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=4),
)
def test_whatever_is_found_stands_in_the_evidence(
    cause: Cause, message: str, source: str, variables: dict[str, str]
) -> None:
    stack = StackFacts(frame=FrameFacts(source=source, context=[source], variables=variables))
    found = find_breaking_value(cause, message, stack)
    held = [message, source, *variables.values(), "null"]
    for part in (found.value, found.key, found.origin):
        assert part is None or any(part in text for text in held)
