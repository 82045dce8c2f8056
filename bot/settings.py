"""Settings: environment variables (and `.env`), read once at start."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.secret_files import environment, look, why
from core.mail import SmtpMailer, read_sender, read_server
from core.vault import BadKey, Vault, keys_kept_in
from core.xero.oauth import READ_SCOPES, WRITE_SCOPES, XeroLogin
from storage.database import driver_url


class BadSettings(Exception):
    """Settings that are missing or broken; the message names all of them, a line each."""


@dataclass(frozen=True)
class AppKeys:
    """What Slack knows the app by, where it is installed in many teams."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"<AppKeys {self.client_id}>"


class Settings(BaseSettings):
    """Everything an installation can decide. Secrets show as stars wherever this is printed."""

    model_config = SettingsConfigDict(env_file=".env", frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: str = Field(default="sqlite:///var/solido.db", repr=False)  # it may hold a password
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    solido_public_url: str = ""
    solido_secret_keys: SecretStr | None = None
    slack_app_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    slack_client_id: str = ""
    slack_client_secret: SecretStr = SecretStr("")
    slack_bot_token: SecretStr = Field(default=SecretStr(""), validate_default=True)
    slack_api_url: str = "https://slack.com/api/"
    slack_authorize_url: str = "https://slack.com/oauth/v2/authorize"
    xero_client_id: str = Field(min_length=1)
    xero_client_secret: SecretStr = Field(min_length=1)
    xero_webhook_key: SecretStr = SecretStr("")
    xero_login_url: str = "https://login.xero.com"
    xero_identity_url: str = "https://identity.xero.com"
    xero_api_url: str = "https://api.xero.com"
    xero_daily_limit: int = Field(default=1000, gt=0)
    support_email: str = ""
    solido_sync_every: int = Field(default=900, ge=1)
    solido_xero_access: Literal["read", "read-write"] = "read-write"
    solido_keep_days: int = Field(default=365, ge=0)
    smtp_url: SecretStr | None = None
    mail_from: str = ""
    solido_metrics_port: int = Field(default=0, ge=0, le=65535)
    solido_log_format: Literal["json", "console"] | None = None
    otel_exporter_otlp_endpoint: str = Field(default="", repr=False)  # OpenTelemetry's own names; see bot/tracing.py
    otel_exporter_otlp_traces_endpoint: str = Field(default="", repr=False)
    otel_exporter_otlp_headers: SecretStr = SecretStr("")
    otel_traces_exporter: str = "otlp"
    otel_sdk_disabled: str = "false"

    @field_validator("database_url")
    @classmethod
    def a_database_we_know(cls, value: str) -> str:
        driver_url(value)
        return value

    @field_validator("slack_app_token")
    @classmethod
    def a_token_of_the_app(cls, value: SecretStr) -> SecretStr:
        if value and not value.get_secret_value().startswith("xapp-"):
            raise ValueError("an app-level token begins with xapp-")
        return value

    @field_validator("slack_signing_secret")
    @classmethod
    def a_way_to_know_slack(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        """Slack's requests are signed; over Socket Mode they come down a line that we have opened ourselves."""
        if not value and not info.data.get("slack_app_token"):
            raise PydanticCustomError(
                "sentence", "SLACK_SIGNING_SECRET is missing. (Socket Mode needs SLACK_APP_TOKEN instead.)"
            )
        return value

    @field_validator("slack_bot_token")
    @classmethod
    def one_team_or_many(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        """Either the token of the one team this is for, or the keys with which teams install it."""
        given = {name: bool(info.data.get(name)) for name in ("slack_client_id", "slack_client_secret")}
        if not value and not any(given.values()):
            raise PydanticCustomError(
                "sentence", "SLACK_BOT_TOKEN is missing, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET."
            )
        lacking = [name.upper() for name, there in given.items() if not there]
        if not value and lacking:
            raise PydanticCustomError("sentence", "{name} is missing.", {"name": lacking[0]})
        if value and len(lacking) < len(given):
            raise PydanticCustomError(
                "sentence", "Set SLACK_BOT_TOKEN, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET, but not both."
            )
        return value

    @field_validator(
        "solido_public_url",
        "slack_api_url",
        "slack_authorize_url",
        "xero_login_url",
        "xero_identity_url",
        "xero_api_url",
        "otel_exporter_otlp_endpoint",
        "otel_exporter_otlp_traces_endpoint",
    )
    @classmethod
    def a_web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with https:// (or http:// on this machine)")
        return value

    @field_validator("smtp_url")
    @classmethod
    def a_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value and value.get_secret_value():
            read_server(value.get_secret_value())
            return value
        return None

    @field_validator("mail_from")
    @classmethod
    def a_sender(cls, value: str) -> str:
        if value:
            read_sender(value)
        return value

    def mailer(self) -> SmtpMailer | None:
        """Return the way letters go; None where no mail server is set, and reminders stay a preview.

        Raises BadSettings for a server without a sender.
        """
        if self.smtp_url is None:
            return None
        if not self.mail_from:
            raise BadSettings("MAIL_FROM is missing: SMTP_URL needs the address that letters come from.")
        return SmtpMailer(read_server(self.smtp_url.get_secret_value()), read_sender(self.mail_from))

    def app_keys(self) -> AppKeys | None:
        """Return what teams install Solido by; None where it belongs to one team by its token."""
        if not self.slack_client_id:
            return None
        return AppKeys(self.slack_client_id, self.slack_client_secret.get_secret_value())

    def xero_login(self) -> XeroLogin:
        return XeroLogin(
            client_id=self.xero_client_id,
            client_secret=self.xero_client_secret.get_secret_value(),
            login_url=self.xero_login_url,
            identity_url=self.xero_identity_url,
            redirect_uri=self.redirect_uri,
            scopes=self.scopes,
        )

    @property
    def public_url(self) -> str:
        """Where browsers reach us, without a slash at the end."""
        return (self.solido_public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def redirect_uri(self) -> str:
        return f"{self.public_url}/xero/callback"

    @property
    def scopes(self) -> str:
        return READ_SCOPES if self.solido_xero_access == "read" else WRITE_SCOPES

    @property
    def traced(self) -> bool:
        """Whether spans are to go to a collector. By OpenTelemetry's specification only `true` disables its SDK."""
        wanted = self.otel_exporter_otlp_endpoint or self.otel_exporter_otlp_traces_endpoint
        off = self.otel_sdk_disabled.lower() == "true" or self.otel_traces_exporter.lower() == "none"
        return bool(wanted) and not off

    @property
    def sqlite_file(self) -> Path | None:
        """Where the database is, or will be; None on PostgreSQL."""
        url = driver_url(self.database_url)
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    def vault(self) -> Vault:
        """Return the vault; on SQLite without keys one is made, and kept beside the file. Raises BadSettings."""
        url = driver_url(self.database_url)
        if self.solido_secret_keys:
            keys = [key for key in self.solido_secret_keys.get_secret_value().split(",") if key.strip()]
        elif url.get_backend_name() == "sqlite" and url.database:
            keys = self._keys_beside(Path(url.database))
        else:
            raise BadSettings("SOLIDO_SECRET_KEYS is missing: make a key with `solido keys new`.")
        try:
            return Vault(keys)
        except BadKey as broken:
            raise BadSettings(f"SOLIDO_SECRET_KEYS: {broken}.") from None

    @staticmethod
    def _keys_beside(database: Path) -> list[str]:
        """Raises BadSettings where the file of keys cannot be read, or not be made."""
        path = database.with_suffix(".key")
        try:
            return keys_kept_in(path)
        except OSError as error:
            raise BadSettings(
                f"The sealing key cannot be read or made at {path.absolute()} ({(error.strerror or '').lower()}). "
                f"The folder of the database has to belong to who runs Solido."
            ) from None


SECRETS = (
    "DATABASE_URL",
    "SOLIDO_SECRET_KEYS",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_CLIENT_SECRET",
    "SLACK_BOT_TOKEN",
    "XERO_CLIENT_SECRET",
    "XERO_WEBHOOK_KEY",
    "SMTP_URL",
    "OTEL_EXPORTER_OTLP_HEADERS",
)
"""What may be in a file instead, named by NAME_FILE."""


def read_settings() -> Settings:
    """Read the environment and the files it names; raise BadSettings that names everything wrong, all together."""
    try:
        given = environment()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"The file .env cannot be read by who runs Solido ({why(error)}).") from None
    files = look(SECRETS, given)
    try:
        settings = Settings(**{name.lower(): value for name, value in files.values.items()})  # type: ignore[arg-type]
    except ValidationError as wrong:
        lines = [line for line in map(_line, wrong.errors()) if not line.startswith(tuple(files.wrong))]
        raise BadSettings("\n".join([*files.wrong.values(), *lines])) from None
    if files.wrong:
        raise BadSettings("\n".join(files.wrong.values()))
    return settings


def _line(error: object) -> str:
    assert isinstance(error, dict)
    if error["type"] == "sentence":
        return str(error["msg"])
    name = str(error["loc"][0]).upper()
    if error["type"] in ("missing", "string_too_short", "too_short"):
        return f"{name} is missing."
    return f"{name} is not right: {str(error['msg']).removeprefix('Value error, ')}."
