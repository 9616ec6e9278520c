"""The private servers of one home folder, ready to be started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.errors import ServiceError
from parkpulse.services import account, servers
from parkpulse.services.broker import Broker
from parkpulse.services.database import NAME, Database, data_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PASSABLE = 0o711


@dataclass(frozen=True, slots=True)
class Private:
    """A database and a broker that share a home."""

    database: Database
    broker: Broker


def find(
    home: Path,
    cache: Path,
    database_port: int,
    mqtt_port: int,
    tell: Callable[[str], None],
) -> Private:
    """Find or fetch the programs and choose the user they run as.

    Raises
    ------
    ServiceError
        The programs cannot be had, or the folders cannot be used.
    """
    make_home(home)
    user = account.unprivileged(home / NAME)
    programs = servers.find(cache, data_version(home / NAME), tell)
    account.require_reachable(home, user)
    account.require_reachable(programs.postgres, user)
    return Private(
        Database(programs.postgres, home, database_port, user),
        Broker(programs.mosquitto, home, mqtt_port, user),
    )


def make_home(home: Path) -> None:
    """Make the home folder, which the servers' user may pass through.

    Raises
    ------
    ServiceError
        It cannot be made.
    """
    try:
        if not home.is_dir():
            home.mkdir(parents=True)
            home.chmod(_PASSABLE)
    except OSError as error:
        message = (
            f"the folder {home} cannot be made ({error.strerror}): set PARKPULSE_HOME to"
            " a folder you may write to"
        )
        raise ServiceError(message) from error
