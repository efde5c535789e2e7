"""The one place that reads the environment; everything else is handed explicit settings."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.app.secret_keys import MIN_TOKEN_CHARS, check_secret
from core.agent.loop import Budget
from core.domain.errors import InvalidInput
from core.domain.tenancy import MASKED_BY_DEFAULT, Actor, Limits, PersonalData, SentryConnection, parse_personal_data


def _named(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """Read from the environment, then from `.env` in the current directory; every field's alias is its variable.

    Fields have no other name there: with `populate_by_name` the field `home` would be read from HOME.
    """

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    home: Path = Field(default_factory=lambda: user_data_path("logsense"), validation_alias=_named("LOGSENSE_HOME"))
    database_url: SecretStr | None = Field(default=None, validation_alias=_named("DATABASE_URL"))
    migration_url: SecretStr | None = Field(default=None, validation_alias=_named("LOGSENSE_MIGRATION_URL"))
    housekeeping: str = Field(default="17 3 * * *", validation_alias=_named("LOGSENSE_HOUSEKEEPING"))
    organization: str = Field(default="default", validation_alias=_named("LOGSENSE_ORGANIZATION"))
    secret_key: SecretStr | None = Field(default=None, validation_alias=_named("LOGSENSE_SECRET_KEY"))
    secret_keys: SecretStr | None = Field(default=None, validation_alias=_named("LOGSENSE_SECRET_KEYS"))
    log_format: Literal["text", "json"] = Field(default="text", validation_alias=_named("LOGSENSE_LOG_FORMAT"))
    metrics_token: SecretStr | None = Field(default=None, validation_alias=_named("LOGSENSE_METRICS_TOKEN"))
    otlp_endpoint: str | None = Field(default=None, validation_alias=_named("OTEL_EXPORTER_OTLP_ENDPOINT"))
    log_level: str = Field(default="WARNING", validation_alias=_named("LOGSENSE_LOG_LEVEL"))

    sentry_url: str = Field(default="https://sentry.io", validation_alias=_named("SENTRY_URL"))
    sentry_org: str | None = Field(default=None, validation_alias=_named("SENTRY_ORG"))
    sentry_token: SecretStr | None = Field(default=None, validation_alias=_named("SENTRY_TOKEN"))
    sentry_writes: bool = Field(default=False, validation_alias=_named("LOGSENSE_SENTRY_WRITES"))
    allowed_hosts: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(), validation_alias=_named("LOGSENSE_ALLOWED_HOSTS")
    )
    tenant_hosts: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(), validation_alias=_named("LOGSENSE_TENANT_HOSTS")
    )

    reasoner: Literal["auto", "model", "rules"] = Field(default="auto", validation_alias=_named("LOGSENSE_REASONER"))
    openai_api_key: SecretStr | None = Field(default=None, validation_alias=_named("OPENAI_API_KEY"))
    openai_base_url: str | None = Field(default=None, validation_alias=_named("OPENAI_BASE_URL"))
    model: str = Field(default="gpt-5-mini", validation_alias=_named("LOGSENSE_MODEL"))
    model_timeout_s: float = Field(default=60.0, gt=0, validation_alias=_named("LOGSENSE_MODEL_TIMEOUT"))

    qdrant_url: str | None = Field(default=None, validation_alias=_named("QDRANT_URL"))
    qdrant_api_key: SecretStr | None = Field(default=None, validation_alias=_named("QDRANT_API_KEY"))
    embedder: Literal["auto", "none", "openai", "local"] = Field(
        default="auto", validation_alias=_named("LOGSENSE_EMBEDDER")
    )
    embedding_model: str = Field(default="", validation_alias=_named("LOGSENSE_EMBEDDING_MODEL"))
    embedding_dimension: int = Field(default=1536, gt=0, validation_alias=_named("LOGSENSE_EMBEDDING_DIMENSION"))
    embedding_url: str | None = Field(default=None, validation_alias=_named("LOGSENSE_EMBEDDING_URL"))
    embedding_key: SecretStr | None = Field(default=None, validation_alias=_named("LOGSENSE_EMBEDDING_KEY"))
    embedding_folder: Path | None = Field(default=None, validation_alias=_named("LOGSENSE_EMBEDDING_FOLDER"))
    embedding_similar_from: float = Field(
        default=0.6, ge=0, le=1, validation_alias=_named("LOGSENSE_EMBEDDING_SIMILAR_FROM")
    )
    ask_from_confidence: int = Field(default=70, ge=0, le=100, validation_alias=_named("LOGSENSE_ASK_FROM_CONFIDENCE"))

    max_seconds: float = Field(default=120.0, gt=0, validation_alias=_named("LOGSENSE_MAX_SECONDS"))
    max_tokens: int = Field(default=60_000, gt=0, validation_alias=_named("LOGSENSE_MAX_TOKENS"))
    max_usd: float = Field(default=0.50, gt=0, validation_alias=_named("LOGSENSE_MAX_USD"))
    tool_timeout_s: float = Field(default=20.0, gt=0, validation_alias=_named("LOGSENSE_TOOL_TIMEOUT"))
    lease_s: float = Field(default=10.0, ge=1, validation_alias=_named("LOGSENSE_LEASE"))
    max_concurrent: int = Field(default=3, ge=1, validation_alias=_named("LOGSENSE_MAX_CONCURRENT"))
    starts_per_minute: int = Field(default=60, ge=1, validation_alias=_named("LOGSENSE_STARTS_PER_MINUTE"))
    max_queued: int = Field(default=500, ge=1, validation_alias=_named("LOGSENSE_MAX_QUEUED"))
    worker_slots: int = Field(default=60, ge=1, validation_alias=_named("LOGSENSE_WORKER_SLOTS"))

    max_log_mb: int = Field(default=4_096, ge=1, validation_alias=_named("LOGSENSE_MAX_LOG_MB"))

    mask_personal_data: Annotated[frozenset[PersonalData], NoDecode] = Field(
        default=MASKED_BY_DEFAULT, validation_alias=_named("LOGSENSE_MASK_PERSONAL_DATA")
    )

    listen: str = Field(default="127.0.0.1:3000", validation_alias=_named("LOGSENSE_LISTEN"))
    max_connections: int = Field(default=2_000, ge=1, validation_alias=_named("LOGSENSE_MAX_CONNECTIONS"))
    max_connections_per_address: int = Field(
        default=500, ge=1, validation_alias=_named("LOGSENSE_MAX_CONNECTIONS_PER_ADDRESS")
    )
    public_url: str | None = Field(default=None, validation_alias=_named("LOGSENSE_PUBLIC_URL"))
    slack_signing_secret: SecretStr | None = Field(default=None, validation_alias=_named("SLACK_SIGNING_SECRET"))
    slack_client_id: str | None = Field(default=None, validation_alias=_named("SLACK_CLIENT_ID"))
    slack_client_secret: SecretStr | None = Field(default=None, validation_alias=_named("SLACK_CLIENT_SECRET"))
    slack_bot_token: SecretStr | None = Field(default=None, validation_alias=_named("SLACK_BOT_TOKEN"))
    slack_app_token: SecretStr | None = Field(default=None, validation_alias=_named("SLACK_APP_TOKEN"))
    slack_url: str = Field(default="https://slack.com", validation_alias=_named("LOGSENSE_SLACK_URL"))
    slack_guests: bool = Field(default=False, validation_alias=_named("LOGSENSE_SLACK_GUESTS"))
    slack_unfurl: bool = Field(default=False, validation_alias=_named("LOGSENSE_SLACK_UNFURL"))
    teams_app_id: str | None = Field(default=None, validation_alias=_named("TEAMS_APP_ID"))
    teams_app_password: SecretStr | None = Field(default=None, validation_alias=_named("TEAMS_APP_PASSWORD"))
    teams_tenant_id: str | None = Field(default=None, validation_alias=_named("TEAMS_TENANT_ID"))
    teams_services: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(), validation_alias=_named("LOGSENSE_TEAMS_SERVICES")
    )
    teams_token_url: str | None = Field(default=None, validation_alias=_named("LOGSENSE_TEAMS_TOKEN_URL"))
    teams_openid_url: str | None = Field(default=None, validation_alias=_named("LOGSENSE_TEAMS_OPENID_URL"))
    teams_playground: str | None = Field(default=None, validation_alias=_named("LOGSENSE_TEAMS_PLAYGROUND"))
    resolve_reactions: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset({"white_check_mark"}), validation_alias=_named("LOGSENSE_RESOLVE_REACTIONS")
    )

    @field_validator("allowed_hosts", "tenant_hosts", "resolve_reactions", "teams_services", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("mask_personal_data", mode="before")
    @classmethod
    def _parse_personal_data(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return parse_personal_data(value)
        except InvalidInput as error:
            raise ValueError(str(error)) from None

    @property
    def database(self) -> str:
        """The database's URL; by default one file in the data directory."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home / 'logsense.db'}"

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The keys that were given, newest first; none when one is to be generated."""
        if self.secret_keys is not None and self.secret_key is not None:
            raise InvalidInput("Set LOGSENSE_SECRET_KEYS or LOGSENSE_SECRET_KEY, not both: the first has all keys.")
        if self.secret_keys is not None:
            parts = (part.strip() for part in self.secret_keys.get_secret_value().split(","))
            return tuple(part.encode() for part in parts if part)
        return (self.secret_key.get_secret_value().encode(),) if self.secret_key is not None else ()

    def check_secrets(self) -> None:
        """Check the keys and the metrics token.

        Raises:
            InvalidInput: one of them is short or can be guessed, or keys are given in two ways.
        """
        name = "LOGSENSE_SECRET_KEY" if self.secret_keys is None else "LOGSENSE_SECRET_KEYS"
        if self.secret_keys is not None and not self.secrets:
            raise InvalidInput("LOGSENSE_SECRET_KEYS names no key.")
        for number, key in enumerate(self.secrets, 1):
            check_secret(name if len(self.secrets) == 1 else f"Key {number} of {name}", key.decode())
        if self.metrics_token is not None:
            check_secret("LOGSENSE_METRICS_TOKEN", self.metrics_token.get_secret_value(), MIN_TOKEN_CHARS)

    @property
    def every_secret(self) -> tuple[str, ...]:
        """What must never be seen, to be looked for in what is written."""
        values = (getattr(self, name) for name in type(self).model_fields)
        plain = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        return (*plain, *(key.decode() for key in self.secrets))

    @property
    def is_shared(self) -> bool:
        """Whether other processes, on other machines, may work on the same database."""
        return self.database.startswith("postgresql")

    @property
    def sentry(self) -> SentryConnection | None:
        """The connection to Sentry; None until both organization and token are set."""
        if self.sentry_org is None or self.sentry_token is None:
            return None
        token = self.sentry_token.get_secret_value()
        return SentryConnection(self.sentry_url.rstrip("/"), self.sentry_org, token, self.sentry_writes)

    @property
    def max_log_bytes(self) -> int:
        """How much disk the indexes of an organization's logs may take."""
        return self.max_log_mb * 1024**2

    @property
    def limits(self) -> Limits:
        """What an organization may do for which nothing else was decided."""
        return Limits(self.max_concurrent, self.starts_per_minute, self.max_queued)

    @property
    def budget(self) -> Budget:
        """What one investigation may spend."""
        return Budget(
            timeout_s=self.max_seconds,
            max_tokens=self.max_tokens,
            max_usd=self.max_usd,
            tool_timeout_s=self.tool_timeout_s,
        )


def load_settings() -> Settings:
    """Settings from the environment.

    Raises:
        InvalidInput: names the variable and what is wrong with it, never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise InvalidInput(f"The setting {first['loc'][0]} is not valid: {first['msg']}.") from None


def terminal_shell() -> str:
    """The name of the shell of whoever types; empty when it is not known."""
    return Path(os.environ.get("SHELL", "")).name


def shell_folders() -> tuple[Path, Path]:
    """Where shells look for data and for configuration of the user's own."""
    data, config = (os.environ.get(name) for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"))
    home = Path.home()
    return Path(data) if data else home / ".local" / "share", Path(config) if config else home / ".config"


def terminal_user() -> Actor:
    """Who sits at the terminal, for the record: the account the system knows, and the name to show for it.

    The account is that of the process, or that of whoever used sudo; variables such as USER are not asked, since
    containers and cron have none. LOGSENSE_USER is the name to show only: the account stays on record beside it.
    """
    uid = os.getuid()
    # Only root's word for who became root is believed: anybody else could set the variable.
    account = (uid == 0 and os.environ.get("SUDO_USER")) or _account(uid)
    return Actor(account, os.environ.get("LOGSENSE_USER") or account)


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"unknown (uid {uid})"


def keep_from_libraries() -> None:
    """No library finds Slack's variables any more: Bolt would install into files of its own, beside our storage."""
    for field in Settings.model_fields.values():
        names = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else ()
        for name in names:
            if str(name).startswith("SLACK_"):
                os.environ.pop(str(name), None)
