"""Ends an attempt in time, whatever the receiver does."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from parkpulse.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNECTED = {"connection.connect_tcp.complete", "connection.start_tls.complete"}


class Deadline:
    """Shuts the connection down when the time is over.

    httpx limits each wait, not their sum: a receiver that sends a byte now and then
    would hold an attempt for ever.

    Parameters
    ----------
    seconds
        From now on. [s]
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self.cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    @property
    def has_passed(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._ends

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the deadline over what is done within; DeliveryError if it passed."""
        self._require_time()
        self._timer.start()
        try:
            yield
        finally:
            self._timer.cancel()

    def watch(self, event: str, info: dict[str, Any]) -> None:
        """Take note of the connection: this is httpx's extension `trace`.

        Nothing may be sent after the deadline, when another process may have taken the
        message and gone on to the next one.
        """
        if event in _CONNECTED:
            self._require_time()
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")

    def hold(self, connection: socket.socket) -> None:
        """Take note of a connection that no httpx made."""
        self._require_time()
        with self._lock:
            self._socket = connection

    def _require_time(self) -> None:
        if self.has_passed:
            raise DeliveryError(self.words())

    def cut(self) -> None:
        """End the attempt now."""
        with self._lock, contextlib.suppress(OSError):
            self._ends = min(self._ends, time.monotonic())
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)

    def words(self) -> str:
        """Say what it means that the time is over."""
        return f"no answer within {self._seconds:g} s"
