"""Loads that make millions of objects, without the collector looking through them."""

from __future__ import annotations

import contextlib
import gc
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_loads: list[None] = []


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Let cycles wait while anybody loads; never look at what is loaded again.

    What a process knows of a million series lives on; looking through it again and
    again took three fifths of the load, and afterwards stopped all threads for a
    quarter of a second now and then.
    """
    with _lock:
        _loads.append(None)
        gc.disable()
        gc.unfreeze()
    try:
        yield
    finally:
        with _lock:
            _loads.pop()
            if not _loads:
                gc.collect()
                gc.freeze()
                gc.enable()
