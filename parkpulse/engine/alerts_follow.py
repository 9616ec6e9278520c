"""Scores of readings in order, from the newest readings that are kept in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analytics.thresholds import BoolArray, FloatArray
    from parkpulse.engine.alerts_arrivals import InOrder
    from parkpulse.engine.alerts_watch import Watch


def scores(watch: Watch, found: InOrder) -> tuple[FloatArray, BoolArray]:
    """Return what is compared for each reading, and keep the newest readings.

    Returns
    -------
    value : array, shape (k,)
        Scores of derived rows, readings of the others.
    is_unsure : array, shape (n,)
        Rows of which the readings before are not known, as after a restart: only the
        stored readings tell.
    """
    value = found.value.copy()
    is_unsure = np.zeros(len(found.rows), np.bool_)
    for index in np.flatnonzero(watch.is_derived[found.rows]).tolist():
        row = int(found.rows[index])
        signal = watch.entries[row].terms.signal
        tail = watch.tails.get(row)
        if signal is None or tail is None:
            is_unsure[index] = True
            continue
        mine = slice(*np.searchsorted(found.row, [index, index + 1]))
        ts = np.concatenate([tail.ts, found.ts[mine]])
        raw = np.concatenate([tail.value, found.value[mine]])
        value[mine] = signal.apply(ts, raw).score[len(tail.ts) :]
        watch.keep_tail(row, ts, raw)
    return value, is_unsure
