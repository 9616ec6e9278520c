"""Locks between processes, which vanish with their holder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from parkpulse.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO


@contextlib.contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold a lock, waiting for whoever holds it."""
    with _opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def trying(path: Path) -> Iterator[bool]:
    """Hold a lock and write our process id into it; False when another holds it."""
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield True


def holder(path: Path) -> int | None:
    """Process id of whoever holds a lock now; None when nobody does."""
    if not path.exists():
        return None
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            written = file.read().strip()
            return int(written) if written.isdigit() else None
    return None


def _opened(path: Path) -> IO[str]:
    try:
        return path.open("a+")
    except OSError as error:
        message = (
            f"{path.parent} cannot be written to ({error.strerror}): set PARKPULSE_HOME"
            " and PARKPULSE_CACHE to folders you may write to"
        )
        raise ServiceError(message) from error
