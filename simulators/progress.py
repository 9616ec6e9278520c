"""How far a long job has come, on one line of a terminal or a few of a log."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TextIO

_TERMINAL_EVERY_S = 0.2
_LOG_EVERY_S = 5.0


class Progress:
    """Writes `title done/total` now and then.

    Parameters
    ----------
    title
        What is being done.
    total
        Number of steps.
    output
        Where to write; standard error unless told otherwise.
    """

    def __init__(self, title: str, total: int, output: TextIO | None = None) -> None:
        self._title = title
        self._total = total
        self._output = output or sys.stderr
        self._terminal = self._output.isatty()
        self._next = time.monotonic() + _TERMINAL_EVERY_S

    def show(self, done: int) -> None:
        """Say how many steps are done, if it is time to."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + (_TERMINAL_EVERY_S if self._terminal else _LOG_EVERY_S)
            self._write(done, "\r" if self._terminal else "\n")

    def finish(self, done: int) -> None:
        """Say how many steps were done in the end."""
        self._write(done, "\n")

    def _write(self, done: int, end: str) -> None:
        share = 100 * done // max(1, self._total)
        # A closed terminal must not stop the work.
        with contextlib.suppress(OSError):
            line = f"{self._title}: {done}/{self._total} ({share} %)"
            print(line, end=end, file=self._output, flush=True)
