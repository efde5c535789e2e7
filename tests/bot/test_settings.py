"""Settings come from their own variables, from nothing else, and never show secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.settings import Settings, load_settings
from core.domain.errors import InvalidInput

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in _variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def _variables() -> list[str]:
    return [str(field.validation_alias.choices[0]) for field in Settings.model_fields.values()]  # type: ignore[union-attr]


def test_no_field_is_read_from_a_variable_of_its_bare_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "someone"))
    monkeypatch.setenv("MODEL", "other")
    settings = load_settings()
    assert settings.home != tmp_path / "someone"
    assert settings.model == "gpt-5-mini"


def test_an_invalid_setting_is_named_and_its_value_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGSENSE_MAX_TOKENS", "sk-secret")
    with pytest.raises(InvalidInput, match="LOGSENSE_MAX_TOKENS") as caught:
        load_settings()
    assert "sk-secret" not in str(caught.value)


def test_secrets_do_not_show_in_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"SENTRY_TOKEN": "tok-1", "OPENAI_API_KEY": "tok-2", "LOGSENSE_SECRET_KEY": "tok-3", "SENTRY_ORG": "acme"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    shown = repr(load_settings()) + repr(load_settings().sentry)
    assert "tok-" not in shown


@pytest.mark.parametrize("document", [".env.example", "docs/operate/configuration.md"])
def test_every_setting_is_explained(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    assert [name for name in _variables() if name not in text] == []


@pytest.mark.parametrize(
    ("value", "masked"), [("ip, phone", {"ip", "phone"}), ("none", set()), ("", {"email", "card"})]
)
def test_personal_data_is_masked_as_the_setting_says(
    monkeypatch: pytest.MonkeyPatch, value: str, masked: set[str]
) -> None:
    monkeypatch.setenv("LOGSENSE_MASK_PERSONAL_DATA", value)
    assert {kind.value for kind in load_settings().mask_personal_data} == masked


def test_a_kind_of_personal_data_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGSENSE_MASK_PERSONAL_DATA", "surname")
    with pytest.raises(InvalidInput, match="LOGSENSE_MASK_PERSONAL_DATA"):
        load_settings()
