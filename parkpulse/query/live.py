"""What this process knows of the present: registry, newest readings, clocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parkpulse import loading
from parkpulse.model import instants
from parkpulse.query import catalogue, limits
from parkpulse.query.catalogue import Catalogue
from parkpulse.query.newest import NEVER, Newest, NewestTable
from parkpulse.store import parks as park_store

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from parkpulse.model.packed import Int64Array
    from parkpulse.query.catalogue import Park
    from parkpulse.query.limits import Limits
    from parkpulse.store.pool import Connection


def moment(us: int) -> datetime | None:
    """Turn microseconds since 1970 UTC into a time; None for NEVER."""
    return None if us == NEVER else instants.from_us(us)


class ParkNow(NamedTuple):
    """A park at one moment: its clock, and the newest reading of all its series."""

    park: Park
    now: datetime
    newest: Newest
    """In the order of the park's index."""

    @property
    def stale(self) -> NDArray[np.bool_]:
        """Which newest readings are older than their freshness, or missing."""
        limit = instants.to_us(self.now) - self.park.index.freshness
        return self.newest.ts < limit

    @property
    def device_ts(self) -> Int64Array:
        """Newest observed time of each device; NEVER without a reading [us]."""
        return self._of_devices(self.newest.ts)

    @property
    def device_received(self) -> Int64Array:
        """When this process last saw a reading of each device stored [us]."""
        return self._of_devices(self.newest.received)

    @property
    def silent(self) -> NDArray[np.bool_]:
        """Which devices have no reading within their freshness."""
        limit = instants.to_us(self.now) - self.park.index.device_freshness
        return self.device_ts < limit

    def _of_devices(self, times: Int64Array) -> Int64Array:
        found = np.full(len(self.park.devices), NEVER, np.int64)
        np.maximum.at(found, self.park.index.device, times)
        return found


@dataclass
class Live:
    """The present as one thread keeps it and all others read it."""

    catalogue: Catalogue = field(default_factory=lambda: Catalogue({}, {}))
    newest: NewestTable = field(default_factory=NewestTable)
    clocks: dict[int, datetime] = field(default_factory=dict)
    """Clock of each park whose clock is its data, by park id."""
    limits: Limits = field(default_factory=dict)

    def park(self, code: str) -> Park:
        """Find a park; raises NotFoundError."""
        return self.catalogue.park(code)

    def now(self, park: Park) -> datetime:
        """Tell the time on the park's own clock."""
        return self.clocks.get(park.row.id) or datetime.now(UTC)

    def look(self, park: Park) -> ParkNow:
        """Return the newest reading of all series of a park."""
        return ParkNow(park, self.now(park), self.newest.read(park.index.series))

    def reload(self, conn: Connection) -> None:
        """Read the registry and the rules anew."""
        with loading.uncollected():
            self.catalogue = catalogue.load(conn)
            self.limits = limits.load(conn)
        self.refresh_clocks(conn)

    def refresh_clocks(self, conn: Connection) -> None:
        """Read the clocks of the parks whose clock is their data."""
        wall = datetime.now(UTC)
        self.clocks = {
            row.id: park_store.park_clock(row, wall)
            for row in park_store.parks(conn)
            if row.clock == "data"
        }
