"""What people paste when they mean an issue is understood, and a foreign URL never decides anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import InvalidInput
from core.domain.incident import IssueRef
from core.domain.issue_reference import parse_issue_reference

EVENT = "0123456789abcdef0123456789abcdef"


def parse(text: str, base_url: str | None = "https://sentry.io", organization: str | None = "acme") -> IssueRef:
    return parse_issue_reference(text, base_url=base_url, organization_slug=organization)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SHOP-1A2", IssueRef("SHOP-1A2")),
        ("shop-1a2", IssueRef("SHOP-1A2")),
        (" SHOP-1A2. ", IssueRef("SHOP-1A2")),
        ("`SHOP-1A2`", IssueRef("SHOP-1A2")),
        ("my-web-shop-7", IssueRef("MY-WEB-SHOP-7")),
        ("4001234567", IssueRef("4001234567")),
        ("https://acme.sentry.io/issues/123/", IssueRef("123")),
        ("https://acme.sentry.io/issues/SHOP-1A2/", IssueRef("SHOP-1A2")),
        (f"https://acme.sentry.io/issues/123/events/{EVENT}/", IssueRef("123", EVENT)),
        ("https://acme.sentry.io/issues/123/events/latest/", IssueRef("123", "latest")),
        ("https://acme.sentry.io/issues/123/?project=4&query=is%3Aunresolved", IssueRef("123")),
        ("https://sentry.io/organizations/acme/issues/123/", IssueRef("123")),
        ("https://sentry.io/acme/issues/123/", IssueRef("123")),
        ("https://sentry.io/acme/shop/issues/123/", IssueRef("123")),
        ("https://us.sentry.io/organizations/acme/issues/123/", IssueRef("123")),
        ("https://de.sentry.io/api/0/organizations/acme/issues/123/", IssueRef("123")),
        ("https://sentry.io/api/0/issues/123/", IssueRef("123")),
        ("<https://acme.sentry.io/issues/123/|SHOP-1A2>", IssueRef("123")),
        ("<https://acme.sentry.io/issues/123/>.", IssueRef("123")),
    ],
)
def test_every_form_people_paste_names_the_issue(text: str, expected: IssueRef) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text", ["https://sentry.corp:9000/organizations/acme/issues/77/", "https://sentry.corp:9000/issues/77", "77"]
)
def test_a_self_hosted_sentry_is_recognised_by_its_host(text: str) -> None:
    assert parse(text, base_url="https://sentry.corp:9000") == IssueRef("77")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "No issue was named"),
        ("hello world", "names no issue"),
        ("https://evil.example/issues/1/", "connected Sentry is sentry.io"),
        ("https://evil-sentry.io/issues/1/", "connected Sentry is sentry.io"),
        ("https://sentry.io.evil.example/issues/1/", "connected Sentry is sentry.io"),
        ("https://other.sentry.io/issues/1/", "organization other"),
        ("https://sentry.io/organizations/other/issues/1/", "organization other"),
        ("https://sentry.io/other/shop/issues/1/", "organization other"),
        ("https://acme.sentry.io/performance/", "not of an issue"),
        ("ftp://sentry.io/issues/1", "not a web address"),
        ("https://[broken/issues/1", "cannot be read"),
    ],
)
def test_what_names_no_issue_of_ours_is_refused_with_what_would(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        parse(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_and_an_id_holds_nothing_odd(text: str) -> None:
    try:
        found = parse(text)
    except InvalidInput:
        return
    assert found.id.replace("-", "").replace("_", "").isalnum()
    assert "/" not in found.id and ".." not in found.id


def test_a_link_that_begins_with_the_project_is_read_where_the_server_is_not_sentry_io() -> None:
    own = "https://errors.shop.example"
    assert parse(f"{own}/shop/issues/1", own) == IssueRef("1")
    event = "938b2d8f-5ba4-276c-fe4f-330c9e3540ea"
    assert parse(f"{own}/acme/issues/1/events/{event}", own) == IssueRef("1", event.replace("-", ""))


@pytest.mark.parametrize("path", ["other/issues/SHOP-1", "organizations/other/issues/1", "other/shop/issues/1"])
def test_a_link_that_names_another_organization_for_sure_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match="organization other"):
        parse(f"https://errors.shop.example/{path}", "https://errors.shop.example")
