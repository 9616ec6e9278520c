"""Scores of readings in order, from the newest readings that are kept in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.signals import Signal
    from analytics.thresholds import BoolArray, FloatArray, IntArray
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
    derived = np.flatnonzero(watch.is_derived[found.rows])
    is_known = [row in watch.tails for row in found.rows[derived].tolist()]
    is_unsure[derived[np.logical_not(is_known)]] = True
    for signal, mine in _alike(watch, found, derived[is_known]):
        _score(watch, found, signal, mine, value)
    return value, is_unsure


def _alike(
    watch: Watch, found: InOrder, derived: IntArray
) -> Sequence[tuple[Signal, IntArray]]:
    """Put together the rows that are scored alike."""
    kind = watch.entries.scored_as(found.rows[derived])
    by_kind = derived[np.argsort(kind, kind="stable")]  # rows stay sorted
    which, start = np.unique(np.sort(kind), return_index=True)
    groups = np.split(by_kind, start[1:])
    signals = [watch.entries.terms[each].signal for each in which.tolist()]
    return [
        (signal, mine)
        for signal, mine in zip(signals, groups, strict=False)
        if signal is not None
    ]


def _score(
    watch: Watch, found: InOrder, signal: Signal, mine: IntArray, value: FloatArray
) -> None:
    """Write the scores of rows with one signal; `mine` are indices of rows, sorted."""
    rows = found.rows[mine].tolist()
    tails = [watch.tails[row] for row in rows]
    here = _slices(found.row, mine)
    known = np.array([each.shape[1] for each in tails])
    past_ts, past = np.concatenate(tails, axis=1)
    count = np.diff(np.searchsorted(found.row[here], np.append(mine, mine[-1] + 1)))
    # Each row's tail before its new readings.
    order = np.argsort(
        np.concatenate([np.repeat(mine, known), found.row[here]]), kind="stable"
    )
    ts = np.concatenate([past_ts, found.ts[here]])[order]
    raw = np.concatenate([past.view(np.float64), found.value[here]])[order]
    first = np.zeros(len(ts), np.bool_)
    first[np.cumsum(known + count) - known - count] = True
    is_new = order >= len(past)
    value[here] = signal.apply_all(ts, raw, first).score[is_new]
    watch.keep_tails(rows, ts, raw, first)


def _slices(row: IntArray, mine: IntArray) -> IntArray:
    """Positions of the readings of some rows, where `row` is sorted."""
    start = np.searchsorted(row, mine, "left")
    count = np.searchsorted(row, mine, "right") - start
    end = np.cumsum(count)
    return np.repeat(start - end + count, count) + np.arange(end[-1])
