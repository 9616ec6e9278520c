"""Configuration: environment variables PARKPULSE_* or one TOML file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from typing_extensions import override

from parkpulse.errors import ConfigError
from parkpulse.tls import Pair

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "PARKPULSE_"
CONFIG_VARIABLE = "PARKPULSE_CONFIG"
RUNNING = "running.json"
"""File of the home that holds the addresses of the private servers while they run."""


def _default_home() -> Path:
    # Root's own folders are closed to the user the servers run as.
    if os.geteuid() == 0:
        return Path("/var/lib/parkpulse")
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "parkpulse"


def _default_cache() -> Path:
    if os.geteuid() == 0:
        return Path("/var/cache/parkpulse")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "parkpulse"


class Settings(BaseSettings):
    """All settings of all processes; each command takes what it needs.

    The environment wins over the TOML file that `PARKPULSE_CONFIG` names.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    home: Path = Field(default_factory=_default_home)
    """Folder that holds everything Parkpulse keeps on this machine."""
    cache: Path = Field(default_factory=_default_cache)
    """Folder of what can be fetched again: the private servers' programs."""
    database_url: SecretStr | None = None
    """An existing TimescaleDB; without it a private one is started."""
    mqtt_url: SecretStr | None = None
    """An existing MQTT broker `mqtt://user:password@host:port`; else a private one."""
    database_port: int = Field(default=25432, ge=1, le=65535)
    """Port of the private TimescaleDB on loopback."""
    mqtt_port: int = Field(default=21883, ge=1, le=65535)
    """Port of the private broker on loopback."""
    mqtt_listen: str | None = None
    """Address where the private broker takes devices from elsewhere too, with TLS."""
    mqtt_listen_port: int = Field(default=8883, ge=1, le=65535)
    """Port there."""
    mqtt_listen_cert: Path | None = None
    """The broker's certificate there; else `home/tls/server.crt`."""
    mqtt_listen_key: Path | None = None
    """Its key; else `home/tls/server.key`."""
    mqtt_ca: Path | None = None
    """Authorities that the certificate of an `mqtts://` broker is checked against;
    None: those of this machine."""
    mqtt_cert: Path | None = None
    """Our own certificate at the broker, if it asks for one."""
    mqtt_key: Path | None = None
    """Key of our own certificate."""
    broker_token: SecretStr | None = None
    """By which a broker may ask us who may connect and publish; None: none may."""
    host: str = "127.0.0.1"
    """Address the page and the API are bound to."""
    port: int = Field(default=8080, ge=1, le=65535)
    """Port of the page and the API."""
    tls_cert: Path | None = None
    """Certificate of the page and the API, which are then served by HTTPS."""
    tls_key: Path | None = None
    """Its key."""
    trusted_proxies: str = ""
    """Addresses and networks of proxies whose X-Forwarded-For is believed, by comma."""
    open_host: bool = False
    """Whether only this machine reaches `host` although it is no loopback address: in a
    container whose port is published on loopback only."""
    secret_key: SecretStr | None = None
    """Key that encrypts stored secrets; else `home/secret.key`, made on first use."""
    raw_retention_days: int = Field(default=90, ge=2, le=3660)
    """How long single readings are kept. [d]"""
    ingest_workers: int = Field(default=1, ge=1, le=32)
    """Number of receiving processes on the shared subscription."""
    webhook_allow_private: bool = False
    """Whether webhooks may go to private and loopback addresses."""
    public_url: str | None = None
    """Address of the page in messages; else `http://host:port`."""
    admin_database_url: SecretStr | None = None
    """The database by a role that may create roles, for `parkpulse grafana role`."""
    grafana_url: str | None = None
    """Address of the Grafana that gets the dashboards, without user and password."""
    grafana_token: SecretStr | None = None
    """Token of a service account of it."""
    grafana_database_password: SecretStr | None = None
    """Of the role that dashboards read with; else `home/grafana.password`."""
    grafana_contact_url: SecretStr | None = None
    """Webhook that Grafana's own alerts go to, if any."""
    disk_folder: Path | None = None
    """A folder on the database's disk, which is watched; None: `home`."""
    disk_warn_mb: int | None = Field(default=None, ge=0)
    """Free space below which it is warned; None: 15 %, at most 20 GB. [MB]"""
    disk_stop_mb: int | None = Field(default=None, ge=0)
    """Free space below which no messages are taken; None: 4 %, at most 5 GB. [MB]"""
    log_format: str = Field(default="text", pattern="^(text|json)$")
    """How log lines are written."""
    training: bool | None = None
    """Whether people at the page may start simulated parks; None: if the page is served
    on loopback only and has no `public_url`."""
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    """How much the processes log."""

    def required_database_url(self) -> str:
        """Return the database's address; raises ConfigError without one."""
        if self.database_url is None:
            message = (
                "no database runs: start 'parkpulse up' or set PARKPULSE_DATABASE_URL"
            )
            raise ConfigError(message)
        return self.database_url.get_secret_value()

    def required_mqtt_url(self) -> str:
        """Return the broker's address; raises ConfigError without one."""
        if self.mqtt_url is None:
            message = "no broker runs: start 'parkpulse up' or set PARKPULSE_MQTT_URL"
            raise ConfigError(message)
        return self.mqtt_url.get_secret_value()

    def mqtt_pair(self) -> Pair:
        """Return the certificate and the key of the private broker."""
        folder = self.home.expanduser().absolute() / "tls"
        return Pair(
            self.mqtt_listen_cert or folder / "server.crt",
            self.mqtt_listen_key or folder / "server.key",
        )

    @property
    def folder(self) -> Path:
        """The home as an absolute path."""
        return self.home.expanduser().absolute()

    @property
    def vault_key(self) -> str | None:
        """What stored secrets are encrypted with; None: a file of the home has it."""
        return self.secret_key.get_secret_value() if self.secret_key else None

    def page_pair(self) -> Pair | None:
        """Return the certificate and the key of the page; None: it is served plain.

        Raises
        ------
        ConfigError
            One is set without the other.
        """
        if self.tls_cert is None and self.tls_key is None:
            return None
        if self.tls_cert is None or self.tls_key is None:
            message = (
                "PARKPULSE_TLS_CERT and PARKPULSE_TLS_KEY belong together: set both"
            )
            raise ConfigError(message)
        return Pair(self.tls_cert, self.tls_key)

    @override
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, os.environ.get(CONFIG_VARIABLE))
        return init_settings, env_settings, toml


def _unknown_variables(environment: Mapping[str, str]) -> list[str]:
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    known.add(CONFIG_VARIABLE)
    return sorted(
        name for name in environment if name.startswith(PREFIX) and name not in known
    )


def load() -> Settings:
    """Read the settings of a process, and where private servers run, their addresses.

    Raises
    ------
    ConfigError
        A key is unknown, a value is unusable, or the file cannot be read.
    """
    config = configured()
    running = _running(config.home)
    found: dict[str, SecretStr] = {
        name: SecretStr(running[name])
        for name in ("database_url", "mqtt_url")
        if getattr(config, name) is None and name in running
    }
    return config.model_copy(update=found)


def _running(home: Path) -> dict[str, str]:
    try:
        content = json.loads((home.expanduser() / RUNNING).read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def configured() -> Settings:
    """Read only what the user has set.

    Raises
    ------
    ConfigError
        A key is unknown, a value is unusable, or the file cannot be read.
    """
    unknown = _unknown_variables(os.environ)
    if unknown:
        message = f"unknown setting {unknown[0]}: remove it or correct its name"
        raise ConfigError(message)
    named = os.environ.get(CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        message = f"{CONFIG_VARIABLE} names {named}, which is not a file"
        raise ConfigError(message)
    try:
        config = Settings()
    except (ValidationError, ValueError) as error:
        raise ConfigError(_explain(error)) from error
    return config.model_copy(update={"mqtt_url": _with_files(config)})


def _with_files(config: Settings) -> SecretStr | None:
    """Return the broker's address with the files that its encryption needs."""
    if config.mqtt_url is None:
        return None
    url = config.mqtt_url.get_secret_value()
    files = {"ca": config.mqtt_ca, "cert": config.mqtt_cert, "key": config.mqtt_key}
    named = {name: str(path) for name, path in files.items() if path is not None}
    if not url.startswith("mqtts:") or not named:
        return config.mqtt_url
    parts = urlsplit(url)
    query = urlencode({**named, **dict(parse_qsl(parts.query))})
    return SecretStr(urlunsplit(parts._replace(query=query)))


def _explain(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        file = os.environ.get(CONFIG_VARIABLE)
        return f"the configuration file {file} cannot be read: {error}"
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown setting {name}: remove it or correct its name"
    reason = first["msg"].removeprefix("Input ")
    return f"setting {name} ({PREFIX}{name.upper()}): {reason}"
