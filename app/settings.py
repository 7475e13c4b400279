"""Settings of one installation, read from the environment: `PLUMBLINE_<NAME>`, or a file of that name in /run/secrets.

Everything about trackers, projects and rules lives in the database; here is only what a process must know to start.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import UserError

ENV_PREFIX = "PLUMBLINE_"

#: RQ's queues, most urgent first: judging before speaking before reading the past.
DRAIN_QUEUE = "drain"
PUBLISH_QUEUE = "publish"
IMPORT_QUEUE = "import"
QUEUES = (DRAIN_QUEUE, PUBLISH_QUEUE, IMPORT_QUEUE)
#: Previews of rules take minutes: they have a worker of their own, so that nothing else ever waits behind one.
PREVIEW_QUEUE = "previews"
EVERY_QUEUE = (*QUEUES, PREVIEW_QUEUE)

_SECRETS_DIR = Path("/run/secrets")


class Settings(BaseSettings):
    """What a process must know to start. Frozen; build it with `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    home: Path = Path("var")
    """Directory for everything Plumbline keeps on disk; always absolute once loaded."""
    database_url: str = ""
    """SQLAlchemy URL; a SQLite file under `home` when not set. `postgres://` becomes `postgresql+psycopg://`."""
    redis_url: str = ""
    """Broker URL; the embedded broker's socket under `home` when not set."""
    secret_key: SecretStr | None = None
    """One or more encryption keys, comma separated, newest first; a key file under `home` when not set."""
    base_url: str = ""
    """The address people and trackers reach Plumbline at, without a trailing slash; used in comments and links."""
    host: str = "127.0.0.1"
    """Address to listen on. Behind a proxy on the same machine the default is right; in a container use 0.0.0.0."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    """TCP port to listen on."""
    workers: Annotated[int, Field(ge=1, le=32)] = 2
    """How many worker processes `plumbline up` keeps."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged."""
    log_format: Literal["auto", "console", "json"] = "auto"
    """`auto`: for people on a terminal, JSON lines elsewhere."""
    trusted_proxies: Annotated[int, Field(ge=0, le=5)] = 0
    """How many proxies stand in front, one behind the other: so many addresses of X-Forwarded-For are believed."""
    oidc_issuer: str = ""
    """Sign-in by OpenID Connect: the provider's address, as its own description gives it. Off when not set."""
    oidc_client_id: str = ""
    """What the provider knows Plumbline as."""
    oidc_client_secret: SecretStr | None = None
    """The secret that goes with it; not needed where the provider takes PKCE alone."""
    oidc_name: str = "single sign-on"
    """What the button says: "Sign in with …"."""
    oidc_scopes: str = "openid profile email"
    """What is asked for."""
    oidc_role_claim: str = ""
    """The claim that says who is what, such as `groups`; roles are set in Plumbline when not set."""
    oidc_admins: str = ""
    """Values of that claim, comma separated, that make an admin."""
    oidc_editors: str = ""
    """Values of that claim, comma separated, that make an editor."""
    oidc_sees: Literal["nothing", "all"] = "nothing"
    """Which projects somebody sees who signs in there the first time, until an admin says otherwise."""
    allow_http: bool = False
    """Let trackers be connected over plain http: for trying things out on one machine. Tokens then travel readable."""
    demo: bool = False
    """Set by `plumbline up --demo`: this installation replays the demo project."""

    @property
    def embedded_broker(self) -> bool:
        """True when no broker is configured, so that `plumbline up` runs one."""
        return self.redis_url == self._embedded_url

    @property
    def _embedded_url(self) -> str:
        return f"unix://{quote(str(self.broker_dir / 'b.sock'))}"

    @property
    def broker_dir(self) -> Path:
        """Where the embedded broker keeps its socket, lock, log and data."""
        return self.home / "broker"

    @property
    def key_file(self) -> Path:
        """Where the encryption key lives unless `secret_key` is set. Keep it out of backups of the database."""
        return self.home / "secret.key"

    @property
    def is_sqlite(self) -> bool:
        """True when the database is a SQLite file."""
        return self.database_url.startswith("sqlite")

    def names_of(self, setting: str) -> tuple[str, ...]:
        """The parts of a setting that is a list with commas."""
        return tuple(part.strip() for part in str(getattr(self, setting)).split(",") if part.strip())

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        for short in ("postgres://", "postgresql://"):
            if value.startswith(short):
                value = "postgresql+psycopg://" + value.removeprefix(short)
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("should look like postgresql://user:password@host/name or sqlite:////absolute/file.db")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("should look like redis://host:6379/0, rediss://host/0 or unix:///path/to.sock")
        return value

    @field_validator("base_url")
    @classmethod
    def _known_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment):
            raise ValueError("should look like https://plumbline.example.org")
        return value.rstrip("/")

    @field_validator("oidc_issuer")
    @classmethod
    def _known_issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if value and (not parts.netloc or (parts.scheme != "https" and not (parts.scheme == "http" and here))):
            raise ValueError("should look like https://login.example.org, with https")
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _with_openid(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("should contain openid")
        return value

    @model_validator(mode="after")
    def _whole_provider(self) -> Self:
        if bool(self.oidc_issuer) != bool(self.oidc_client_id):
            raise ValueError("PLUMBLINE_OIDC_ISSUER and PLUMBLINE_OIDC_CLIENT_ID belong together: set both, or neither")
        return self

    @model_validator(mode="after")
    def _fill_in(self) -> Self:
        shown = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 (compared, not bound)
        shown = f"[{shown}]" if ":" in shown else shown
        defaults = {
            "database_url": f"sqlite:///{self.home / 'plumbline.db'}",
            "redis_url": self._embedded_url,
            "base_url": f"http://{shown}:{self.port}",
        }
        for name, value in defaults.items():
            if not getattr(self, name):
                object.__setattr__(self, name, value)  # the model is frozen for everybody else
        return self


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment; `overrides` that are not None win over it.

    Raises UserError naming each variable that is wrong and what would be right; values are never shown, they may
    be secrets.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    if _SECRETS_DIR.is_dir():
        given["_secrets_dir"] = _SECRETS_DIR
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [
            (f"{ENV_PREFIX}{'.'.join(map(str, e['loc'])).upper()}: " if e["loc"] else "") + _plain(e["msg"])
            for e in error.errors()
        ]
        raise UserError("\n".join(lines)) from None


def to_env(settings: Settings) -> dict[str, str]:
    """Return the environment for child processes: this one's, with what was given on the command line added."""
    own = {
        f"{ENV_PREFIX}HOME": str(settings.home),
        f"{ENV_PREFIX}PORT": str(settings.port),
        f"{ENV_PREFIX}HOST": settings.host,
        f"{ENV_PREFIX}DEMO": "1" if settings.demo else "0",
    }
    return {**os.environ, **own}


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input ").strip()
