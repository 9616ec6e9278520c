"""A column as energy over time, with everything that is odd in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from analytics.segments import Segments
    from parkpulse.model.packed import Int64Array
    from parkpulse.offline.kpi.spec import Column


class Oddity(NamedTuple):
    """Stretches of a column with something to report.

    Parameters
    ----------
    code
        What it is, as in `docs/figures.md`.
    reason
        More exactly.
    start, end : arrays, shape (k,)
        [us since 1970 UTC]
    samples : array, shape (k,)
        Samples or intervals in each.
    is_lost
        Whether the time is not covered for it.
    """

    code: str
    reason: str
    start: Int64Array
    end: Int64Array
    samples: Int64Array
    is_lost: bool


@dataclass(frozen=True, slots=True)
class Meter:
    """A column as energy over time.

    Parameters
    ----------
    column
        What it measures.
    segments
        Energy over time. [kWh; m3 for water]
    usual : int
        The usual step of its samples. [us]
    odd
        What is reported.
    """

    column: Column
    segments: Segments
    usual: int
    odd: list[Oddity] = field(default_factory=list)


def points(code: str, reason: str, ts: Int64Array) -> Oddity:
    """Tell of instants [us] that take no time."""
    moments, count = np.unique(ts, return_counts=True)
    return Oddity(code, reason, moments, moments, count, is_lost=False)
