"""The private Mosquitto: configures, starts and stops it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.model import credentials
from parkpulse.services import machine, ports, process, secret
from parkpulse.services.access import files

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.services.account import Account
    from parkpulse.tls import Pair

NAME = "broker"
USER = "parkpulse"
_PARTS = ("ingest", "notify", "watch", "api", "simulate")
ACCESS = "mosquitto.access"
"""Folder of the home with the files that say who may use the broker."""
PID = "mosquitto.pid"
"""File of the broker's folder with its process id."""

_CONFIGURATION = """\
# Written by parkpulse at each start; your own settings go into {home}/mosquitto.d.
per_listener_settings false
listener {port} 127.0.0.1
allow_anonymous false
password_file {access}/passwords
acl_file {access}/acl
pid_file {home}/broker/mosquitto.pid
persistence true
persistence_location {home}/broker/
persistence_file sessions.db
# What a kill -9 can lose; a clean stop and SIGUSR1 save too. [s]
autosave_interval 30
# The default of 20 caps a receiver that acknowledges after its commit.
max_inflight_messages 0
# Room for an hour without a receiver at 1,000 messages a second.
max_queued_messages 4000000
max_queued_bytes {queued_bytes}
# Larger than any real message; refused ones would never reach the quarantine.
max_packet_size 16777216
persistent_client_expiration 90d
sys_interval 10
set_tcp_nodelay true
connection_messages false
log_dest stderr
log_type error
log_type warning
log_timestamp_format %Y-%m-%dT%H:%M:%S
{door}include_dir {home}/mosquitto.d
"""
_DOOR = """\
# Devices come in here: encrypted, and each under its user name only, so that nobody
# takes over the session of another.
listener {port} {host}
use_username_as_clientid true
certfile {access}/server.crt
keyfile {access}/server.key
tls_version tlsv1.2
"""


@dataclass(frozen=True, slots=True)
class Door:
    """Where devices from elsewhere come in.

    Parameters
    ----------
    host, port
        Address of this machine.
    pair
        Certificate and key.
    """

    host: str
    port: int
    pair: Pair


class Broker:
    """One broker with one folder on one port of loopback.

    Parameters
    ----------
    mosquitto
        Its program.
    home
        Folder that gets its sessions and password.
    port
        Port on loopback.
    account
        Unprivileged user it runs as; None for the user of this process.
    door
        Where devices from elsewhere come in; None: only loopback is served.
    """

    def __init__(
        self,
        mosquitto: Path,
        home: Path,
        port: int,
        account: Account | None,
        door: Door | None = None,
    ) -> None:
        self._mosquitto = mosquitto
        self._home = home
        self._port = port
        self._account = account
        self._door = door
        self.folder = home / NAME

    @property
    def url(self) -> str:
        """Address with user and password, for whoever may do everything."""
        return self._url(USER, self._password())

    @property
    def service_urls(self) -> dict[str, str]:
        """Address for each part of this service, which may do no more than its work."""
        return {
            name: self._url(_user(name), self._service_password(name))
            for name in _PARTS
        }

    def _url(self, user: str, password: str) -> str:
        return f"mqtt://{user}:{password}@{ports.LOOPBACK}:{self._port}"

    def _password(self) -> str:
        return secret.password(self._home / "broker.password")

    def _service_password(self, name: str) -> str:
        key, message = self._password().encode(), name.encode()
        digest = hmac.digest(key, message, hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def prepare(self) -> None:
        """Write its configuration.

        Raises
        ------
        ServiceError
            The port is taken.
        ConfigError
            The certificate or its key cannot be used.
        """
        ports.require_free(self._port, "PARKPULSE_MQTT_PORT", "the broker")
        self._require_door()
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._give(self.folder)
        (self._home / "mosquitto.d").mkdir(mode=0o755, exist_ok=True)
        # Beside the sessions, whose folder belongs to the broker's user.
        self._configuration.write_text(
            configuration(self._home, self._port, machine.memory_mb(), self._door)
        )
        # Of earlier versions.
        (self._home / "mosquitto.passwords").unlink(missing_ok=True)
        self._admit()

    def _require_door(self) -> None:
        if self._door is not None:
            host, port = self._door.host, self._door.port
            ports.require_free(port, "PARKPULSE_MQTT_LISTEN_PORT", "the broker", host)

    def _admit(self) -> None:
        """Write who may use it: our own users, and the devices known last."""
        access = self._home / ACCESS
        access.mkdir(mode=0o700, exist_ok=True)
        self._give(access)
        passwords = {USER: self._password()} | {
            _user(name): self._service_password(name) for name in _PARTS
        }
        rights = {USER: credentials.of_service("all")} | {
            _user(name): credentials.of_service(name) for name in _PARTS
        }
        files.write_own(
            access,
            "".join(password_line(*each) for each in passwords.items()),
            "".join(credentials.acl_lines(*each) for each in rights.items()),
        )
        if self._door is not None:
            files.take(access, self._door.pair)
        files.told(access)  # it reads them when it starts

    @property
    def _configuration(self) -> Path:
        return self._home / "mosquitto.conf"

    def _give(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)

    def program(self) -> process.Program:
        """Tell how to run it; SIGTERM makes it save the sessions."""
        return process.Program(
            name=NAME,
            command=(str(self._mosquitto), "-c", str(self._configuration)),
            environment=process.plain_environment(),
            account=self._account,
            stop_within_s=60.0,
        )

    def ready(self) -> bool:
        """Whether it accepts connections."""
        return ports.answers(self._port)


def _user(part: str) -> str:
    return f"{credentials.RESERVED}{part}"


def configuration(
    home: Path, port: int, machine_memory_mb: int, door: Door | None = None
) -> str:
    """Contents of `mosquitto.conf`."""
    queued_mb = min(max(machine_memory_mb // 8, 256), 2048)
    access = home / ACCESS
    opened = ""
    if door is not None:
        opened = _DOOR.format(host=door.host, port=door.port, access=access)
    return _CONFIGURATION.format(
        home=home,
        port=port,
        queued_bytes=queued_mb << 20,
        access=access,
        door=opened,
    )


def password_line(user: str, password: str) -> str:
    """Line of Mosquitto's password file."""
    return f"{user}:{credentials.hashed(password)}\n"
