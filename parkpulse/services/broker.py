"""The private Mosquitto: configures, starts and stops it."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from typing import TYPE_CHECKING

from parkpulse.services import machine, ports, process, secret

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.services.account import Account

NAME = "broker"
USER = "parkpulse"
_SALT_BYTES = 12
_ITERATIONS = 1000

_CONFIGURATION = """\
# Written by parkpulse at each start; your own settings go into {home}/mosquitto.d.
per_listener_settings false
listener {port} 127.0.0.1
allow_anonymous false
password_file {home}/mosquitto.passwords
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
include_dir {home}/mosquitto.d
"""


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
    """

    def __init__(
        self, mosquitto: Path, home: Path, port: int, account: Account | None
    ) -> None:
        self._mosquitto = mosquitto
        self._home = home
        self._port = port
        self._account = account
        self.folder = home / NAME

    @property
    def url(self) -> str:
        """Address with user and password."""
        return f"mqtt://{USER}:{self._password()}@{ports.LOOPBACK}:{self._port}"

    def _password(self) -> str:
        return secret.password(self._home / "broker.password")

    def prepare(self) -> None:
        """Write its configuration.

        Raises
        ------
        ServiceError
            The port is taken.
        """
        ports.require_free(self._port, "PARKPULSE_MQTT_PORT", "the broker")
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._give(self.folder)
        (self._home / "mosquitto.d").mkdir(mode=0o755, exist_ok=True)
        # Beside the sessions, whose folder belongs to the broker's user.
        self._configuration.write_text(
            configuration(self._home, self._port, machine.memory_mb())
        )
        passwords = self._home / "mosquitto.passwords"
        passwords.touch(mode=0o600)
        passwords.write_text(password_line(USER, self._password()))
        self._give(passwords)

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


def configuration(home: Path, port: int, machine_memory_mb: int) -> str:
    """Contents of `mosquitto.conf`."""
    queued_mb = min(max(machine_memory_mb // 8, 256), 2048)
    return _CONFIGURATION.format(home=home, port=port, queued_bytes=queued_mb << 20)


def password_line(user: str, password: str) -> str:
    """Line of Mosquitto's password file: PBKDF2 with SHA-512.

    Notes
    -----
    Format `user:$7$iterations$salt$hash`, as `mosquitto_passwd` of 2.0 writes it.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    encoded = [base64.b64encode(part).decode() for part in (salt, digest)]
    return f"{user}:$7${_ITERATIONS}${encoded[0]}${encoded[1]}\n"
