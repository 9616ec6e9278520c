"""What changed in a park lately: alerts, levels crossed, hatches, pumps, silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import numpy as np

from parkpulse.model import instants
from parkpulse.query import alerts
from parkpulse.query.newest import NEVER
from parkpulse.store import changes as store
from parkpulse.store import windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from parkpulse.model.alert import Severity
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.model.registry import Name
    from parkpulse.query.catalogue import Device, Series
    from parkpulse.query.limits import Limit, Limits
    from parkpulse.query.live import ParkNow
    from parkpulse.store.pool import Connection

MOST = 200
"""So many newest changes are given."""
_HALF = 0.5
_STATE = "state"
_ROUTINE = frozenset({"fan_running"})
"""Fans run by the clock; a fan that should run and does not is an alert."""

Kind = Literal[
    "raised",
    "severity",
    "cleared",
    "acknowledged",
    "escalated",
    "reached",
    "fell_below",
    "on",
    "off",
    "silent",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that changed, and where to look."""

    at: datetime
    kind: Kind
    device: str | None = None
    device_name: Name | None = None
    place: str | None = None
    series: int | None = None
    metric: str | None = None
    severity: Severity | None = None
    name: Name | None = None
    """Of the alert's rule, or of the level."""
    value: float | None = None
    limit: float | None = None
    alert: str | None = None
    actor: str | None = None
    times: int = 1
    """How often a state has changed; this is the last time."""


def read(
    conn: Connection, seen: ParkNow, limits: Limits, start: datetime
) -> list[Change]:
    """Tell what changed since a time, newest first."""
    found = [
        *_of_alerts(conn, seen, start),
        *_of_readings(conn, seen, limits, start),
        *_fallen_silent(seen, start),
    ]
    return sorted(found, key=lambda each: each.at, reverse=True)[:MOST]


def _of_alerts(conn: Connection, seen: ParkNow, start: datetime) -> Iterator[Change]:
    events = store.of_alerts(conn, seen.park.row.id, start, MOST)
    ids = list({each.alert for each in events})
    known = {UUID(each.id): each for each in alerts.by_ids(conn, ids)}
    for event in events:
        alert = known[event.alert]
        yield Change(
            at=event.at,
            kind=event.kind,  # type: ignore[arg-type]  # the query names these kinds
            device=alert.device,
            device_name=alert.device_name,
            place=alert.place,
            series=alert.series,
            metric=alert.metric,
            severity=event.severity,  # type: ignore[arg-type]  # checked by the table
            name=alert.rule.name,
            value=event.value,
            limit=alert.limit,
            alert=alert.id,
            actor=event.actor,
        )


def _of_readings(
    conn: Connection, seen: ParkNow, limits: Limits, start: datetime
) -> Iterator[Change]:
    watched = [
        (device, series)
        for device in seen.park.devices
        for series in device.series
        if device.state != "retired" and _is_watched(series, limits)
    ]
    span = instants.to_us(start), instants.to_us(seen.now)
    found = windows.spans(conn, [series.id for _, series in watched], *span)
    for (device, series), (ts, value) in zip(watched, found, strict=True):
        if series.kind == _STATE:
            yield from _switched(device, series, ts, value)
        else:
            yield from _crossed(device, series, limits[series.id], ts, value)


def _is_watched(series: Series, limits: Limits) -> bool:
    if series.kind == _STATE:
        return series.metric.name not in _ROUTINE
    is_level = "level" in series.metric.name or "depth" in series.metric.name
    return is_level and series.id in limits


def switches(value: FloatArray) -> list[int]:
    """Positions of readings of a state that differ from the one before."""
    is_on = value >= _HALF
    return [int(each) for each in np.flatnonzero(is_on[1:] != is_on[:-1]) + 1]


def crossing(value: FloatArray, limit: float) -> int | None:
    """Position from which on the other side of a limit than at first; None: the same.

    A level that swings about the limit has crossed it once at most.
    """
    is_above = value >= limit
    if len(value) == 0 or is_above[0] == is_above[-1]:
        return None
    return int(np.flatnonzero(is_above != is_above[-1])[-1]) + 1


def _switched(
    device: Device, series: Series, ts: Int64Array, value: FloatArray
) -> Iterator[Change]:
    found = switches(value)
    if not found:
        return
    at = found[-1]
    yield Change(
        at=instants.from_us(int(ts[at])),
        kind="on" if value[at] >= _HALF else "off",
        device=device.code,
        device_name=device.name,
        place=device.place,
        series=series.id,
        metric=series.metric.name,
        times=len(found),
    )


def _crossed(
    device: Device,
    series: Series,
    limits: Sequence[Limit],
    ts: Int64Array,
    value: FloatArray,
) -> Iterator[Change]:
    for limit in limits:
        at = crossing(value, limit.limit)
        if limit.direction != "above" or at is None:
            continue
        yield Change(
            at=instants.from_us(int(ts[at])),
            kind="reached" if value[at] >= limit.limit else "fell_below",
            device=device.code,
            device_name=device.name,
            place=device.place,
            series=series.id,
            metric=series.metric.name,
            severity=limit.severity,
            name=limit.name,
            value=float(value[at]),
            limit=limit.limit,
        )


def _fallen_silent(seen: ParkNow, start: datetime) -> Iterator[Change]:
    """Devices whose freshness ended since a time."""
    ended = seen.device_ts + seen.park.index.device_freshness
    is_new = (seen.device_ts != NEVER) & (ended > instants.to_us(start))
    for index in np.flatnonzero(is_new & seen.silent).tolist():
        device = seen.park.devices[index]
        yield Change(
            at=instants.from_us(int(ended[index])),
            kind="silent",
            device=device.code,
            device_name=device.name,
            place=device.place,
        )
