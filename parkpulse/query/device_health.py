"""What is wrong with the devices of a park now: batteries, radio, doubtful sensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from analytics import health
from parkpulse.model import instants
from parkpulse.query.newest import NEVER
from parkpulse.store import quality as store

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.model.quality import TestName
    from parkpulse.query.live import ParkNow
    from parkpulse.store.pool import Connection

_JUDGES = {
    "battery_voltage": health.battery_voltage,
    "battery_level": health.battery_level,
    "rsrp": health.rsrp,
}
Code = Literal["frozen", "impossible"] | health.Code
_CODES: dict[TestName, Code] = {"flat_line": "frozen", "gross_range": "impossible"}


@dataclass(frozen=True, slots=True)
class DeviceFinding:
    """A finding of the newest reading of a series; `limit` of batteries and radio."""

    device: str
    series: int
    metric: str
    code: Code
    ts: datetime
    value: float
    limit: float | None
    flag: int | None
    """Of a frozen or impossible value: 3 suspect, 4 fail."""


def findings(conn: Connection, seen: ParkNow) -> list[DeviceFinding]:
    """Judge the newest readings of all series of a park, by device and metric."""
    newest = seen.newest
    read = newest.ts != NEVER
    flagged = store.at(conn, newest.series[read], newest.ts[read])
    found = []
    index = 0
    for device in seen.park.devices:
        for series in device.series:
            at, value = int(newest.ts[index]), float(newest.value[index])
            index += 1
            if at == NEVER:
                continue
            start = device.code, series.id, series.metric.name
            moment = instants.from_us(at)
            judge = _JUDGES.get(series.metric.name)
            bad = None if judge is None else judge(value)
            if bad is not None:
                found.append(
                    DeviceFinding(*start, bad.code, moment, value, bad.limit, None)
                )
            found += [
                DeviceFinding(*start, _CODES[test], moment, value, None, flag)
                for test, flag in flagged.get(series.id, [])
                if test in _CODES
            ]
    return found
