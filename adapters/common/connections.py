"""What admins typed to connect Sentry or a model or chose to have masked, checked before anything is tried. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from core.domain.tenancy import ModelConnection, PersonalData, SentryConnection

SENTRY_CLOUD = "https://sentry.io"
SLUG = re.compile(r"[a-z0-9_][a-z0-9_-]{0,99}")


class Field(StrEnum):
    """The fields of the forms."""

    SENTRY_URL = "sentry_url"
    SENTRY_ORGANIZATION = "sentry_organization"
    SENTRY_TOKEN = "sentry_token"
    SENTRY_WRITES = "sentry_writes"
    MODEL_URL = "model_url"
    MODEL_NAME = "model_name"
    MODEL_KEY = "model_key"
    MASKED = "masked_personal_data"


Errors = Mapping[str, str]
"""What is wrong, by field."""


MASKING_PURPOSE = (
    "Secrets are always masked before anything is stored, shown or sent to a model. Choose which personal data is "
    "masked too. What was read before stays as it was masked then."
)
PERSONAL_DATA = {
    PersonalData.EMAIL: "E-mail addresses",
    PersonalData.CARD: "Card numbers",
    PersonalData.IBAN: "Bank account numbers (IBAN)",
    PersonalData.PHONE: "Phone numbers",
    PersonalData.IP: "IP addresses",
    PersonalData.NATIONAL_ID: "National ids",
}


def masked_chosen(chosen: Iterable[str]) -> frozenset[PersonalData]:
    """Return the kinds of personal data among `chosen`; a form offers nothing else."""
    return frozenset(kind for kind in PersonalData if kind.value in set(chosen))


def masked_saved(kinds: frozenset[PersonalData]) -> str:
    """Say what is masked from now on."""
    names = [name for kind, name in PERSONAL_DATA.items() if kind in kinds]
    return f"Saved. From now on these are masked: {', '.join(['Secrets', *names])}."


def sentry_typed(url: str, slug: str, token: str, *, writes_allowed: bool) -> SentryConnection | Errors:
    """The connection, or what is wrong in which field; an empty token means the saved one."""
    url, slug = url.rstrip("/"), slug.lower()
    errors = dict(_address_errors(Field.SENTRY_URL, url))
    if not SLUG.fullmatch(slug):
        errors[Field.SENTRY_ORGANIZATION] = (
            "The slug has letters, digits, dashes and underscores only, as in its address."
        )
    errors |= _secret_errors(Field.SENTRY_TOKEN, token)
    return errors or SentryConnection(url, slug, token, writes_allowed=writes_allowed)


def model_typed(url: str, model: str, key: str) -> ModelConnection | Errors:
    """The same for a model; an empty key means the saved one, an empty address OpenAI."""
    url = url.rstrip("/")
    errors = dict(_address_errors(Field.MODEL_URL, url)) if url else {}
    if not model or " " in model:
        errors[Field.MODEL_NAME] = "Name one model, as its server calls it."
    errors |= _secret_errors(Field.MODEL_KEY, key)
    return errors or ModelConnection(key, url or None, model)


def _address_errors(field: Field, url: str) -> Iterator[tuple[str, str]]:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("https", "http") and parts.hostname and parts.port != 0 and not parts.query
    except ValueError:
        is_address = False
    if not is_address or re.search(r"[\s\x00-\x1f]", url):
        yield field, "This is no web address; it begins with https://."
    elif "@" in parts.netloc:
        yield field, "Leave name and password out of the address."


def _secret_errors(field: Field, secret: str) -> dict[str, str]:
    if secret.isascii() and secret.isprintable() and " " not in secret:
        return {}
    return {field: "It has no blanks or unusual characters; was something else pasted?"}
