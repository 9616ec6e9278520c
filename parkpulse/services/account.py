"""The unprivileged user that the servers run as when root starts them."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.errors import ServiceError

if TYPE_CHECKING:
    from pathlib import Path

PREFERRED = ("parkpulse", "postgres", "nobody")
_SEARCH = 0o001


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def unprivileged(folder: Path) -> Account | None:
    """Choose whom to run the servers as; None for the user of this process.

    Parameters
    ----------
    folder
        Data folder: its owner keeps it, so that a second start can read it.

    Raises
    ------
    ServiceError
        Root runs this and the machine has no other user to change to.
    """
    if os.geteuid() != 0:
        return None
    owner = _owner(folder)
    if owner is not None:
        return owner
    for name in PREFERRED:
        found = _named(name)
        if found is not None:
            return found
    message = (
        "PostgreSQL does not run as root, and this machine has no user"
        f" {' or '.join(PREFERRED)}: create one with 'useradd --system parkpulse'"
    )
    raise ServiceError(message)


def _owner(folder: Path) -> Account | None:
    try:
        entry = pwd.getpwuid(folder.stat().st_uid)
    except (OSError, KeyError):
        return None
    if entry.pw_uid == 0:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def require_reachable(folder: Path, account: Account | None) -> None:
    """Make sure that the servers' user may pass through to a folder.

    Raises
    ------
    ServiceError
        A folder above is closed to that user, as root's home is.
    """
    if account is None:
        return
    for each in (folder, *folder.parents):
        if not each.stat().st_mode & _SEARCH:
            message = (
                f"the user {account.name}, whom the servers run as, may not enter"
                f" {each}: set PARKPULSE_HOME and PARKPULSE_CACHE to folders outside it"
            )
            raise ServiceError(message)
