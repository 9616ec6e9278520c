"""Rain in the demonstration park, as its gauges and its catchments get it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from simulators.physics import storms
from simulators.site import climate

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array
    from simulators.physics.storms import Storms
    from simulators.site.weather import Weather

GAUGES = {"rain-roof": 0.2, "rain-north": 0.2, "rain-green": 0.5}
"""Bucket of each gauge. [mm]"""
_MM = 1000.0


@dataclass(frozen=True, slots=True)
class Rain:
    """All rain of a simulation.

    Parameters
    ----------
    weather
        That brings it.
    """

    weather: Weather

    def storms(self, gauge: str, start_s: int, end_s: int) -> Storms:
        """Storms at a gauge that may touch [start, end)."""
        found = self.weather.storms(start_s, end_s)
        return climate.at_gauge(found, self.weather.seed, gauge)

    def fallen(self, gauge: str, times_s: Int64Array) -> FloatArray:
        """Rain at a gauge since some time before the first of `times_s`. [mm]."""
        first, last = int(times_s[0]), int(times_s[-1])
        return storms.accumulated(
            self.storms(gauge, first, last), times_s.astype(np.float64)
        )

    def rate(self, times_s: Int64Array) -> FloatArray:
        """Mean of the gauges between each two times, shape (n - 1,). [m/s]."""
        fallen = np.mean([self.fallen(gauge, times_s) for gauge in GAUGES], axis=0)
        rate: FloatArray = np.diff(fallen) / _MM / np.diff(times_s)
        return rate

    def since_new_year(self, gauge: str, time_s: int) -> float:
        """Rain at a gauge since 1 January 08:00 in Beijing, where counters restart.

        Notes
        -----
        That is midnight in UTC. [mm]
        """
        year = datetime.fromtimestamp(time_s, UTC).year
        start = round(datetime(year, 1, 1, tzinfo=UTC).timestamp())
        bounds = np.array([start, time_s], dtype=np.float64)
        found = storms.accumulated(self.storms(gauge, start, time_s), bounds)
        return float(found[1] - found[0])
