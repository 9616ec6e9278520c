"""Makes the folders that the servers' programs and data live in."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from parkpulse.errors import ConfigError, ServiceError

if TYPE_CHECKING:
    from pathlib import Path

PASSABLE = 0o711
READABLE = 0o755
# What the configuration files of apt, PostgreSQL and Mosquitto cannot hold in a path.
_UNFIT = re.compile(r"[\x00-\x1f\x7f\"'\\:;#$]")


def make(folder: Path, setting: str, mode: int) -> None:
    """Make a folder unless it is there.

    Parameters
    ----------
    folder
        The folder; those above it are made too.
    setting
        Environment variable that chooses it.
    mode
        Permissions of a new one; the servers may run as another user.

    Raises
    ------
    ConfigError
        Its name does not fit into the servers' configuration.
    ServiceError
        It cannot be made.
    """
    unfit = _UNFIT.search(str(folder))
    if unfit is not None:
        message = (
            f"the folder's name {folder} has {unfit[0]!r} in it, which the servers"
            f" cannot take: set {setting} to another folder"
        )
        raise ConfigError(message)
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            folder.chmod(mode)
    except OSError as error:
        message = (
            f"the folder {folder} cannot be made ({error.strerror}): set {setting} to a"
            " folder you may write to"
        )
        raise ServiceError(message) from error


def require_space(folder: Path, setting: str, needed: int) -> None:
    """Make sure that the disk has room.

    Parameters
    ----------
    folder
        Where.
    setting
        Environment variable that chooses it.
    needed
        How much. [bytes]

    Raises
    ------
    ServiceError
        It has not.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        message = (
            f"{folder} has {free / 1e6:.0f} MB free and {needed / 1e6:.0f} MB are"
            f" needed: free some, or set {setting} to a folder on another disk"
        )
        raise ServiceError(message)
