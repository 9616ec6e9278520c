"""The private servers of one home folder, ready to be started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from parkpulse.services import account, servers
from parkpulse.services.broker import Broker
from parkpulse.services.database import NAME, Database, data_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from parkpulse.services.broker import Door
    from parkpulse.services.process import Program


class Server(Protocol):
    """What the database and the broker have in common."""

    @property
    def url(self) -> str:
        """Address with user and password."""

    def prepare(self) -> None:
        """Make ready to start."""

    def program(self) -> Program:
        """Tell how to run it."""

    def ready(self) -> bool:
        """Whether it accepts connections."""


@dataclass(frozen=True, slots=True)
class Private:
    """A database and a broker that share a home."""

    database: Database
    broker: Broker

    def by_title(self) -> dict[str, Server]:
        """Name both as a person does, in the order of their start."""
        return {"the database": self.database, "the broker": self.broker}


def find(
    home: Path,
    cache: Path,
    database_port: int,
    mqtt_port: int,
    tell: Callable[[str], None],
    door: Door | None = None,
) -> Private:
    """Find or fetch the programs and choose the user they run as.

    Raises
    ------
    ServiceError
        The programs cannot be had, or the folders cannot be used.
    """
    user = account.unprivileged(home / NAME)
    programs = servers.find(cache, data_version(home / NAME), tell)
    account.require_reachable(home, user)
    account.require_reachable(programs.postgres, user)
    return Private(
        Database(programs.postgres, home, database_port, user),
        Broker(programs.mosquitto, home, mqtt_port, user, door),
    )
