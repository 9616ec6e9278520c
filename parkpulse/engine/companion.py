"""Starts the engine's second process and lives and dies with it.

Python runs one thread at a time: what calls people must not wait for what computes. So
the engine is two processes, each with leases of its own.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import IO, TYPE_CHECKING

import msgspec

from parkpulse.errors import ServiceError

if TYPE_CHECKING:
    import threading

COMMAND = (sys.executable, "-m", "parkpulse.engine.figures_process")
_LOOK_S = 0.5
_END_WITHIN_S = 4.5
"""Sooner than the engine itself gives up. [s]"""


class Order(msgspec.Struct, frozen=True):
    """What the second process is to work on; it reads no settings."""

    database_url: str
    owner: str
    page_url: str
    raw_retention_days: int
    log_level: str
    log_format: str


class Companion:
    """The second process; a chore of the first.

    Parameters
    ----------
    order
        Goes over a pipe, for others may read the arguments of a process.
    """

    def __init__(self, order: Order) -> None:
        self._order = order

    def run(self, stop: threading.Event) -> None:
        """Let it work until told to stop.

        Raises
        ------
        ServiceError
            It has ended by itself.
        """
        with subprocess.Popen(  # noqa: S603 - our own program
            COMMAND, stdin=subprocess.PIPE
        ) as child:
            try:
                _send(child, self._order)
                while not stop.wait(_LOOK_S):
                    if child.poll() is not None:
                        message = f"the second process ended: {child.returncode}"
                        raise ServiceError(message)
            finally:
                _end(child)


def _send(child: subprocess.Popen[bytes], order: Order) -> None:
    """Write the order; the pipe stays open, its end tells the child to end."""
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError):  # it has ended: seen at once
            child.stdin.write(msgspec.json.encode(order) + b"\n")
            child.stdin.flush()


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):
        if child.stdin is not None:
            child.stdin.close()
    try:
        child.wait(_END_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()


def received(pipe: IO[bytes]) -> Order:
    """Read the order in the second process."""
    return msgspec.json.decode(pipe.readline(), type=Order)


def wait_for_end(pipe: IO[bytes]) -> None:
    """Return when the first process has told to end, or is no more."""
    # Not by the file object: its lock, held in a thread, would break the interpreter's
    # end.
    while os.read(pipe.fileno(), 1):
        pass
