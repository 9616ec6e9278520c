"""Answers of statements that are sent together in a pipeline (`pool.pipelined`).

A function whose name ends in `_soon` sends its statement and gives what reads the
answer when it is called. On a busy machine each wait is a change of processes and takes
longer than the statement itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")
Soon = Callable[[], _T]
