"""Work that only a few may ask for at the same time, so that the rest goes on."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from parkpulse.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Turns:
    """Lets so many in at once; all others are told to come again.

    Parameters
    ----------
    at_once
        Most that are in.
    patience_s
        So long somebody waits for a place. [s]
    """

    def __init__(self, at_once: int, patience_s: float = 5.0) -> None:
        self._places = threading.BoundedSemaphore(at_once)
        self._patience_s = patience_s

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place; raises BusyError when none has become free in time."""
        if not self._places.acquire(timeout=self._patience_s):
            raise BusyError
        try:
            yield
        finally:
            self._places.release()
