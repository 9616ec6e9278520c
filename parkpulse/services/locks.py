"""Locks between processes, which vanish with the last process that holds them.

A child that inherits the descriptor keeps the lock, so that nothing is started beside
what a killed supervisor has left.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from parkpulse.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEFTOVERS_END_WITHIN_S = 90.0
_POLL_S = 0.1


@contextlib.contextmanager
def waiting(path: Path) -> Iterator[int]:
    """Hold a lock, waiting for whoever holds it; yields its descriptor."""
    with _opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield _signed(file)


@contextlib.contextmanager
def trying(path: Path) -> Iterator[int | None]:
    """Hold a lock and yield its descriptor; None when a living process holds it.

    Raises
    ------
    ServiceError
        Its holder is dead, but children of it do not end.
    """
    with _opened(path) as file:
        deadline = time.monotonic() + _LEFTOVERS_END_WITHIN_S
        while not _locked(file):
            if _is_alive(_written(file)):
                yield None
                return
            if time.monotonic() > deadline:
                message = (
                    f"processes of an earlier start still use {path.parent}: end them"
                    f" (they are listed by 'fuser -v {path}') and try again"
                )
                raise ServiceError(message)
            time.sleep(_POLL_S)
        yield _signed(file)


def holder(path: Path) -> int | None:
    """Process id of the living process that holds a lock; None when there is none."""
    if not path.exists():
        return None
    with path.open() as file:
        pid = _written(file)
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return pid if _is_alive(pid) else None
    return None


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _signed(file: IO[str]) -> int:
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file.fileno()


def _written(file: IO[str]) -> int | None:
    file.seek(0)
    written = file.read().strip()
    return int(written) if written.isdigit() else None


def _is_alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    # In a container nobody may collect the dead.
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] == "Z"


def _opened(path: Path) -> IO[str]:
    try:
        return path.open("a+")
    except OSError as error:
        message = (
            f"{path.parent} cannot be written to ({error.strerror}): set PARKPULSE_HOME"
            " and PARKPULSE_CACHE to folders you may write to"
        )
        raise ServiceError(message) from error
