"""What the integrator's tools need besides the database."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from ingest.registrar import Registrar
from parkpulse.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from parkpulse.store.pool import Database

_DAY_S = 86_400.0
_TRIALS = 2


@dataclass(frozen=True, slots=True)
class Workshop:
    """Replays messages and knows where profiles lie.

    Parameters
    ----------
    database
        Where the registry is.
    profiles
        Folder of the user's own profiles; None: there is none.
    raw_retention_days
        Older readings are not taken again. [d]
    """

    database: Database
    profiles: Path | None = None
    raw_retention_days: float = 90.0
    trials: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_TRIALS)
    )
    _registrar: Registrar = field(init=False)
    _replays: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Make what the rest is done with."""
        object.__setattr__(self, "_registrar", Registrar(self.database))

    @property
    def retention_s(self) -> float:
        """Older readings are not taken again. [s]."""
        return self.raw_retention_days * _DAY_S

    @contextlib.contextmanager
    def registrar(self) -> Iterator[Registrar]:
        """Lend what reads messages; raises BusyError while another replay runs."""
        if not self._replays.acquire(blocking=False):
            raise BusyError
        try:
            self._registrar.forget()
            yield self._registrar
        finally:
            self._replays.release()

    @contextlib.contextmanager
    def trial(self) -> Iterator[None]:
        """Hold one of the few places for trials; raises BusyError without one."""
        if not self.trials.acquire(blocking=False):
            raise BusyError
        try:
            yield
        finally:
            self.trials.release()


async def _of_request(request: Request) -> Workshop:
    workshop: Workshop = request.app.state.workshop
    return workshop


Shop = Annotated[Workshop, Depends(_of_request)]
"""Parameter of a handler of the integrator's tools."""
