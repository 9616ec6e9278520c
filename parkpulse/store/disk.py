"""The disk that the database is on: how full it is, and when to stop taking messages.

A database that cannot write any more needs a person to get going again. So the
receiving side stops well before: the broker keeps what comes, and all goes on by itself
when there is room.
"""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

State = Literal["ok", "low", "full"]
_MB = 1_000_000
_WARN_MB, _WARN_SHARE = 20_000, 0.15
_STOP_MB, _STOP_SHARE = 5_000, 0.04
_ROOM = 1.1
"""So much more than the limit must be free before all goes on."""
_PERIOD_S = 2.0


class Disk(NamedTuple):
    """A disk at one moment."""

    folder: str
    total_bytes: int
    free_bytes: int


class Limits(NamedTuple):
    """Free space below which it is warned and stopped. [bytes]."""

    warn: int
    stop: int


def look(folder: Path) -> Disk:
    """Look at the disk of a folder, or of the nearest one above that exists."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    usage = shutil.disk_usage(there)
    return Disk(str(folder), usage.total, usage.free)


def limits(total_bytes: int, warn_mb: int | None, stop_mb: int | None) -> Limits:
    """Choose the limits: those set, else by the size of the disk.

    Parameters
    ----------
    total_bytes
        Size of the disk.
    warn_mb, stop_mb
        As set; None: 15 % but at most 20 GB, and 4 % but at most 5 GB. [MB]
    """
    warn = min(_WARN_MB * _MB, round(total_bytes * _WARN_SHARE))
    stop = min(_STOP_MB * _MB, round(total_bytes * _STOP_SHARE))
    return Limits(
        warn if warn_mb is None else warn_mb * _MB,
        stop if stop_mb is None else stop_mb * _MB,
    )


def judge(free_bytes: int, limits: Limits, before: State = "ok") -> State:
    """Tell how a disk is; what was full stays so until there is some room."""
    needed = limits.stop * _ROOM if before == "full" else limits.stop
    if free_bytes < needed:
        return "full"
    return "low" if free_bytes < limits.warn else "ok"


class Guard:
    """Looks at the disk now and then.

    Parameters
    ----------
    folder
        A folder on the database's disk.
    warn_mb, stop_mb
        Limits, as `limits` takes them.
    looked
        Looks at the disk.
    """

    def __init__(
        self,
        folder: Path,
        warn_mb: int | None = None,
        stop_mb: int | None = None,
        looked: Callable[[Path], Disk] = look,
    ) -> None:
        self._folder = folder
        self._set = (warn_mb, stop_mb)
        self._looked = looked
        self._next = 0.0
        self.state: State = "ok"
        self.free_bytes = 0
        self.free_share = 0.0
        """[%]"""

    def check(self) -> State:
        """Tell how the disk is, as seen within the last seconds."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _PERIOD_S
            disk = self._looked(self._folder)
            self.free_bytes = disk.free_bytes
            self.free_share = 100.0 * disk.free_bytes / max(disk.total_bytes, 1)
            known = limits(disk.total_bytes, *self._set)
            self.state = judge(disk.free_bytes, known, self.state)
        return self.state
