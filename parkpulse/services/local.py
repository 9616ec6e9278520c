"""Has the database and the broker running: private ones, or the user's own."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from parkpulse.errors import ConfigError, ServiceError
from parkpulse.services import folders, locks, ports, private
from parkpulse.store import commandline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from parkpulse.services.broker import Door
    from parkpulse.services.private import Private
    from parkpulse.services.supervisor import Supervisor

RUNNING = "running.json"
"""File of the home that tells other commands the addresses; `settings` reads it."""
LOCK = "services.lock"

_LEAST_SPACE = 300_000_000  # a new cluster with its log, and some to start with
_WITHIN_S = 300.0  # a database that recovers from a power cut takes its time
_PORTS = {"postgresql": 5432, "postgres": 5432, "mqtt": 1883, "mqtts": 8883}


class Addresses(NamedTuple):
    """Where the database and the broker are, with their passwords."""

    database_url: str
    mqtt_url: str
    service_urls: dict[str, str] = {}  # noqa: RUF012 - never changed
    """The broker's address for each part of this service; none where all use one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the servers of one installation are or shall be.

    Parameters
    ----------
    home
        Folder of all data.
    cache
        Folder of fetched programs.
    database_port, mqtt_port
        Ports on loopback for the private servers.
    database_url, mqtt_url
        Servers of the user's own; None starts private ones.
    door
        Where the private broker takes devices from elsewhere; None: nowhere.
    """

    home: Path
    cache: Path
    database_port: int
    mqtt_port: int
    database_url: str | None = field(default=None, repr=False)
    mqtt_url: str | None = field(default=None, repr=False)
    door: Door | None = None


@contextlib.contextmanager
def servers(
    place: Place, supervisor: Supervisor, tell: Callable[[str], None]
) -> Iterator[Addresses]:
    """Have both servers running, set up and checked.

    Private ones that `parkpulse services start` runs are used as they are.

    Raises
    ------
    ServiceError, ConfigError
        They cannot be had, or do not fit.
    """
    if place.database_url is not None and place.mqtt_url is not None:
        yield checked(Addresses(place.database_url, place.mqtt_url))
        return
    with locks.trying(place.home / LOCK) as hold:
        if hold is None:
            tell("Using the database and the broker that run already")
            file = place.home / RUNNING
            supervisor.wait("the database", file.exists, _WITHIN_S)
            yield checked(_own_first(place, read(file)))
            return
        with _started(place, supervisor, hold, tell) as addresses:
            yield checked(addresses)


@contextlib.contextmanager
def _started(
    place: Place, supervisor: Supervisor, hold: int, tell: Callable[[str], None]
) -> Iterator[Addresses]:
    file = place.home / RUNNING
    file.unlink(missing_ok=True)
    folders.require_space(place.home, "PARKPULSE_HOME", _LEAST_SPACE)
    found = private.find(
        place.home,
        place.cache,
        place.database_port,
        place.mqtt_port,
        tell,
        place.door,
    )
    supervisor.check()
    _start(place, found, supervisor, hold, tell)
    addresses = Addresses(
        found.database.url, found.broker.url, found.broker.service_urls
    )
    if place.database_url is None:
        found.database.set_up()
    supervisor.check()
    addresses = _own_first(place, addresses)
    _write(file, addresses)
    try:
        yield addresses
    finally:
        file.unlink(missing_ok=True)


def _start(
    place: Place,
    found: Private,
    supervisor: Supervisor,
    hold: int,
    tell: Callable[[str], None],
) -> None:
    own = {"the database": place.database_url, "the broker": place.mqtt_url}
    both = found.by_title()
    wanted = {title: each for title, each in both.items() if own[title] is None}
    for title, server in wanted.items():
        tell(f"Starting {title}")
        server.prepare()
        supervisor.start(server.program(), hold)
    for title, server in wanted.items():
        supervisor.wait(title, server.ready, _WITHIN_S)


def _own_first(place: Place, addresses: Addresses) -> Addresses:
    return Addresses(
        place.database_url or addresses.database_url,
        place.mqtt_url or addresses.mqtt_url,
        {} if place.mqtt_url else addresses.service_urls,
    )


def _write(file: Path, addresses: Addresses) -> None:
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(json.dumps(addresses._asdict()))
    new.replace(file)


def read(file: Path) -> Addresses:
    """Read the addresses of the private servers that run.

    Raises
    ------
    ServiceError
        The file is not what was written.
    """
    try:
        content = json.loads(file.read_text())
        return Addresses(
            content["database_url"],
            content["mqtt_url"],
            content.get("service_urls", {}),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = (
            f"{file} cannot be read ({error}): run 'parkpulse services stop' and start"
            " again"
        )
        raise ServiceError(message) from error


def checked(addresses: Addresses) -> Addresses:
    """Make sure that both servers answer and fit.

    Raises
    ------
    ConfigError
        One does not.
    """
    commandline.check(addresses.database_url)
    parts = urlsplit(addresses.mqtt_url)
    if parts.scheme not in {"mqtt", "mqtts"} or parts.hostname is None:
        message = "PARKPULSE_MQTT_URL must look like mqtt://user:password@host:1883"
        raise ConfigError(message)
    if not answers(addresses.mqtt_url):
        message = (
            f"the MQTT broker at {parts.hostname}:{port(addresses.mqtt_url)} does not"
            " answer: start it, or unset PARKPULSE_MQTT_URL to use a private one"
        )
        raise ConfigError(message)
    return addresses


def port(url: str) -> int:
    """Port that an address names, or its kind's usual one."""
    parts = urlsplit(url)
    return parts.port or _PORTS[parts.scheme]


def answers(url: str) -> bool:
    """Whether something listens at an address."""
    return ports.answers(port(url), urlsplit(url).hostname or ports.LOOPBACK)
