"""The meters of a data centre with their hours in a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from analytics import balance, energy_edges
from analytics.balance import Hours, Tree
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.store import meter_hours

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.store.columns import Columns
    from parkpulse.store.meter_hours import MeterRow
    from parkpulse.store.pool import Connection

LONGEST = timedelta(days=400)
_WHOLE_S = 3599.999


@dataclass(frozen=True, slots=True)
class Metered:
    """The meters of a data centre with their hours in a period."""

    start: datetime
    end: datetime
    elapsed: int
    """Whole hours that have passed."""
    rows: Sequence[MeterRow]
    """Those that know any hour."""
    silent: Sequence[str]
    tree: Tree
    hours: Hours
    moments: Int64Array
    """Starts of the hours of which any meter knows something. [us since 1970 UTC]"""

    def share(self, hours: int) -> float:
        """Part of the elapsed time. [-]."""
        return hours / self.elapsed if self.elapsed else 0.0


def _check(start: datetime, end: datetime) -> None:
    if end <= start:
        message = "the end must be after the start"
        raise InvalidRequestError(code="range_empty", message=message, pointer="end")
    if end - start > LONGEST:
        message = f"at most {LONGEST.days} days"
        raise InvalidRequestError(
            code="period_too_long", message=message, pointer="end"
        )


def read(
    conn: Connection, data_centre_id: int, start: datetime, end: datetime, now: datetime
) -> Metered:
    """Read the whole hours of a period; those to come count neither way.

    Raises
    ------
    InvalidRequestError
        The period is empty or longer than 400 days.
    """
    _check(start, end)
    counted = {*balance.CONSUMERS, *energy_edges.SUPPLIES}
    rows = [
        row for row in meter_hours.tree(conn, data_centre_id) if row.role in counted
    ]
    found = meter_hours.read(conn, [row.id for row in rows], start, min(end, now))
    ids = np.array([row.id for row in rows], np.int64)
    heard = np.isin(ids, found["meter"])
    kept = [row for row, is_heard in zip(rows, heard, strict=True) if is_heard]
    first = -(-instants.to_us(start) // instants.HOUR)
    last = instants.to_us(min(end, now)) // instants.HOUR
    return Metered(
        start,
        end,
        max(last - first, 0),
        kept,
        sorted({row.device for row in rows} - {row.device for row in kept}),
        _tree(rows, kept),
        _hours(found, [row.id for row in kept]),
        np.unique(found["hour"]),
    )


def _tree(rows: Sequence[MeterRow], kept: Sequence[MeterRow]) -> Tree:
    """Make the tree of the kept meters; one that is left out hands on its parent."""
    parent = {row.id: row.parent_id for row in rows}
    index = {row.id: position for position, row in enumerate(kept)}

    def above(row: MeterRow) -> int:
        found = row.parent_id
        # As many steps as there are meters, for a tree with a ring has no end.
        for _ in rows:
            if found is None or found in index:
                break
            found = parent.get(found)
        return index.get(found or 0, -1)

    return Tree([row.role for row in kept], [above(row) for row in kept])


def _hours(found: Columns, ids: Sequence[int]) -> Hours:
    moments = np.unique(found["hour"])
    row = np.searchsorted(moments, found["hour"])
    column = np.searchsorted(np.array(ids, np.int64), found["meter"])

    def matrix(values: FloatArray) -> FloatArray:
        table = np.zeros((len(moments), len(ids)))
        table[row, column] = values
        return table

    known = matrix(found["covered_s"] + found["estimated_s"]) >= _WHOLE_S
    return Hours(matrix(found["amount"]), matrix(found["estimated"]), known)
