"""How much a platform may push at once."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PER_SECOND = 500.0
"""Messages of one account a second, in the long run."""
BURST = 2000.0
"""Messages of one account at once: what a platform held back while we were away."""
AT_ONCE = 20
"""Messages of all accounts that wait for the broker at the same time."""


class Budget:
    """A bucket of tokens for each key.

    Parameters
    ----------
    per_second
        Tokens that come back.
    burst
        Most tokens of a key.
    clock
        Seconds.
    """

    def __init__(
        self,
        per_second: float = PER_SECOND,
        burst: float = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, key: tuple[str, str]) -> bool:
        """Take a token; False if there is none."""
        now = self._clock()
        with self._lock:
            left, since = self._left.get(key, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._per_second)
            has_one = left >= 1.0
            self._left[key] = (left - has_one, now)
        return has_one
