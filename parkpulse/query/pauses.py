"""Times in which a platform that pushes had paused, by the reports that are missing."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from analytics import pauses
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.store import devices, parks, readings

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from datetime import datetime

    from parkpulse.model.packed import Int64Array
    from parkpulse.store.pool import Connection

LONGEST = timedelta(days=1)
"""Most that is looked at in one go."""


@dataclass(frozen=True, slots=True)
class PauseView:
    """A time in which many devices lack a report."""

    start: datetime
    end: datetime
    devices: int
    reports: int
    """Reports that are missing."""


def found(
    conn: Connection, park: str, start: datetime, end: datetime, pattern: str = "*"
) -> Sequence[PauseView]:
    """Find the pauses in [start, end) among the devices of a park.

    Parameters
    ----------
    conn
        Open.
    park
        Code.
    start, end
        Observed times.
    pattern
        Devices that the platform pushes, by code: `*` and `?` stand for others.

    Raises
    ------
    InvalidRequestError
        The time is empty or too long.
    NotFoundError
        There is no such park.
    """
    if start >= end:
        code, message = "range_empty", "the end must be after the start"
        raise InvalidRequestError(code, message, "end")
    if end - start > LONGEST:
        code, message = "range_too_long", f"more than {LONGEST.days} days"
        raise InvalidRequestError(code, message, "start")
    park_id = parks.find(conn, park).id
    interval_us = {
        each.id: each.report_interval_s * instants.SECOND
        for each in devices.devices(conn)
        if each.park_id == park_id and fnmatch.fnmatchcase(each.code, pattern)
    }
    device, ts = _reports(conn, interval_us, start, end)
    known = np.array(sorted(interval_us), np.int64)
    steps = np.array([interval_us[each] for each in known.tolist()], np.int64)
    interval = steps[np.searchsorted(known, device)]
    lacking = pauses.missed(device, ts, interval)
    return [
        PauseView(
            instants.from_us(each.start),
            instants.from_us(each.end),
            each.devices,
            each.reports,
        )
        for each in pauses.pauses(lacking, ts)
    ]


def _reports(
    conn: Connection, chosen: Container[int], start: datetime, end: datetime
) -> tuple[Int64Array, Int64Array]:
    """Device and time [us] of each report, whatever it said; by device and time."""
    owner = {
        each.id: each.device_id
        for each in devices.series(conn)
        if each.device_id in chosen
    }
    stored = readings.window(conn, sorted(owner), start, end)
    ids = np.array(sorted(owner), np.int64)
    owners = np.array([owner[series] for series in ids.tolist()], np.int64)
    device = owners[np.searchsorted(ids, stored.series)]
    reports = np.unique(np.stack([device, stored.ts], axis=1), axis=0)
    return reports[:, 0], reports[:, 1]
