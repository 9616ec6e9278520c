"""The one weather of a simulation, as a function of seed and time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from simulators.physics import sky, storms
from simulators.site import climate, grid

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array
    from simulators.physics.storms import Storms
    from simulators.site.grid import Curves

STATION = "weather-station"
"""Code of the device that measures the outdoor air."""


def _never() -> Storms:
    return storms.Storms(*(np.zeros(0) for _ in range(4)))


@dataclass(frozen=True, eq=False, slots=True)
class Weather:
    """Weather of the climate of Jinan, with what a scenario changes.

    Parameters
    ----------
    seed
        Of the simulation.
    scripted_from_s
        When the storms of the live demonstration begin; None: there are none. [s]
    warmer
        How much warmer than usual it is. [K]
    has_natural_storms
        Whether storms come by chance.
    designed
        Storms that come for certain.
    """

    seed: int
    scripted_from_s: int | None = None
    warmer: float = 0.0
    has_natural_storms: bool = True
    designed: Storms = field(default_factory=_never)

    def storms(self, start_s: float, end_s: float) -> Storms:
        """Storms that may touch [start, end)."""
        found = self.designed
        if self.has_natural_storms:
            first, last = int(start_s // climate.DAY_S), int(end_s // climate.DAY_S)
            natural = climate.natural_storms(self.seed, first - 1, last + 1)
            found = storms.joined(natural, found)
        if self.scripted_from_s is not None:
            scripted = climate.scripted_storms(
                self.scripted_from_s, start_s - climate.DAY_S, end_s
            )
            found = storms.joined(found, scripted)
        return found

    def cloud(self, times_s: Int64Array) -> FloatArray:
        """Share of the sky that is covered; all of it in a designed storm. [-]."""
        covered = climate.cloud(self.seed, times_s)
        for start, end in zip(self.designed.start_s, self.designed.end_s, strict=True):
            covered = np.maximum(covered, (times_s >= start) & (times_s < end))
        return covered

    def temperature(self, times_s: Int64Array) -> FloatArray:
        """Temperature of the outdoor air. [degC]."""
        cloud = self.cloud(times_s)
        return self.warmer + climate.temperature(self.seed, times_s, cloud)

    def humidity(self, times_s: Int64Array) -> FloatArray:
        """Relative humidity of the outdoor air. [%RH]."""
        return climate.humidity(self.seed, times_s, self.cloud(times_s))

    def irradiance(self, times_s: Int64Array) -> FloatArray:
        """Global horizontal irradiance. [W/m2]."""
        height = sky.sun_height(times_s, climate.LATITUDE, climate.LONGITUDE)
        return sky.irradiance(height, self.cloud(times_s))

    def wind(self, times_s: Int64Array) -> FloatArray:
        """Wind speed at the height of a turbine's hub. [m/s]."""
        return climate.wind(self.seed, times_s)


@dataclass(frozen=True, slots=True)
class Station:
    """The weather station: temperature and humidity of the outdoor air.

    Parameters
    ----------
    weather
        That it measures.
    """

    weather: Weather

    def day(self, day: int) -> Curves:
        """Curves of one UTC day (days since 1970)."""
        times_s = grid.minutes(day, 1)
        return {
            (STATION, "air_temperature"): self.weather.temperature(times_s),
            (STATION, "relative_humidity"): self.weather.humidity(times_s),
        }
