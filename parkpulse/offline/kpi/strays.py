"""Rows whose clock was wrong by years."""

from __future__ import annotations

import numpy as np

from parkpulse.model import instants
from parkpulse.offline import files
from parkpulse.offline.files import Finding, Table

_YEARS = 5 * 365 * instants.DAY
"""A pause that no file has."""
_SHARE = 0.01


def without(table: Table) -> Table:
    """Leave out the few rows that lie years apart from all others.

    Parameters
    ----------
    table
        Sorted by time.
    """
    pause = np.flatnonzero(np.diff(table.ts) > _YEARS)
    if not len(pause):
        return table
    parts = np.split(np.arange(len(table)), pause + 1)
    kept = max(parts, key=len)
    strays = np.delete(np.arange(len(table)), kept)
    if len(strays) > max(_SHARE * len(table), 1):
        return table
    columns = {name: value[kept] for name, value in table.columns.items()}
    told = _finding(table.line[strays].tolist())
    return Table(table.ts[kept], table.line[kept], columns, (*table.findings, told))


def _finding(lines: list[int]) -> Finding:
    shown = tuple(lines[: files.SHOWN_LINES])
    named = ", ".join(map(str, shown))
    text = (
        f"rows years apart from all others were left out ({len(lines)}; line {named})"
    )
    return Finding("bad_time", None, shown, len(lines), text)
