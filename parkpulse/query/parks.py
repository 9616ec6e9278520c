"""Parks as people see them: state of devices, alerts, places, data centres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parkpulse.query.live import moment
from parkpulse.query.newest import NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from parkpulse.model.registry import Name
    from parkpulse.query.catalogue import DataCentre, Place
    from parkpulse.query.live import Live, ParkNow


@dataclass(frozen=True, slots=True)
class DeviceCounts:
    """Devices of a park; total = reporting + silent + discovered."""

    total: int
    reporting: int
    silent: int
    discovered: int


@dataclass(frozen=True, slots=True)
class ParkView:
    """A park now; `alerts` counts the unfinished ones by severity.

    `service`: it stands for the service itself.
    """

    code: str
    name: Name
    grade: str
    clock: str
    now: datetime
    last_ts: datetime | None
    zone: str
    simulated: bool
    service: bool
    devices: DeviceCounts
    alerts: Mapping[str, int]
    places: Sequence[Place]
    data_centres: Sequence[DataCentre]


AlertCounts = dict[int, dict[str, int]]
"""Unfinished alerts by park id and severity."""


def view_all(live: Live, alerts: AlertCounts) -> list[ParkView]:
    """All parks by code."""
    return [
        view(live.look(park), alerts.get(park.row.id, {}))
        for park in live.catalogue.parks.values()
    ]


def view(seen: ParkNow, alerts: Mapping[str, int]) -> ParkView:
    """One park as it is now."""
    row = seen.park.row
    return ParkView(
        code=row.code,
        name=seen.park.name,
        grade=row.grade,
        clock=row.clock,
        now=seen.now,
        last_ts=moment(int(seen.newest.ts.max(initial=NEVER))),
        zone=row.zone,
        simulated=row.simulated,
        service=row.service,
        devices=_count(seen),
        alerts=alerts,
        places=seen.park.places,
        data_centres=seen.park.data_centres,
    )


def _count(seen: ParkNow) -> DeviceCounts:
    states = np.array([device.state for device in seen.park.devices], "U10")
    active = states == "active"
    silent = int(np.count_nonzero(active & seen.silent))
    reporting = int(np.count_nonzero(active)) - silent
    discovered = int(np.count_nonzero(states == "discovered"))
    return DeviceCounts(reporting + silent + discovered, reporting, silent, discovered)
