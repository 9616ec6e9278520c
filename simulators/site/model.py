"""A site as a function of time, and the demonstration park's sensors in it."""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from simulators import draws
from simulators.site.centre import OPENED_DAY, Centre, Plant
from simulators.site.climate import DAY_S
from simulators.site.galleries import GALLERIES, Galleries
from simulators.site.grid import STEP_S
from simulators.site.rain import GAUGES, Rain
from simulators.site.water import SOILS, Water
from simulators.site.weather import STATION, Station, Weather

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array
    from simulators.site.grid import Curves
    from simulators.site.happenings import Happenings

_CACHED_DAYS = 24
_HELD = frozenset(
    {
        "rainfall_total",
        "active_energy_interval",
        "hatch_open",
        "fan_running",
        "pump_running",
    }
)
"""Metrics that change in steps; the others are linear between the minutes."""
_WATER = frozenset(
    {
        *GAUGES,
        *SOILS,
        "flow-canal",
        "level-canal",
        "level-river",
        "level-lake",
        "ponding-underpass",
    }
)


@dataclass(frozen=True, slots=True)
class Sensor:
    """How a sensor sees the truth.

    Parameters
    ----------
    noise
        Standard deviation in the unit of the metric.
    relative
        Standard deviation as a share of the value. [-]
    digits
        Decimals that it reports.
    lowest, highest
        What it reports at the ends of its scale.
    """

    noise: float
    relative: float = 0.0
    digits: int = 1
    lowest: float = -np.inf
    highest: float = np.inf


_EXACT = Sensor(0.0)
SENSORS = {
    "water_level": Sensor(0.0015, digits=3),
    "flow_rate": Sensor(0.002, 0.015, digits=3, lowest=0.0),
    "waterlogging_depth": Sensor(0.0008, digits=3, lowest=0.0),
    "soil_moisture": Sensor(0.08, digits=1, lowest=0.0, highest=100.0),
    "oxygen": Sensor(0.03, digits=1),
    "methane": Sensor(0.004, digits=2, lowest=0.0),
    "hydrogen_sulfide": Sensor(0.06, digits=1, lowest=0.0),
    "air_temperature": Sensor(0.05, digits=1),
    "relative_humidity": Sensor(0.25, digits=1, lowest=0.0, highest=100.0),
    "sump_level": Sensor(0.003, digits=2, lowest=0.0),
    "active_power": Sensor(0.0, 0.0015, digits=-2, lowest=0.0),
}


class _Part(Protocol):
    def day(self, day: int) -> Curves:
        """Curves of one UTC day."""


class Site:
    """True values of a site at any time, computed when they are asked for.

    Equal arguments give the same values, whatever was asked for before.

    Parameters
    ----------
    weather
        That drives all of it.
    happenings
        What befalls it.
    plant
        What the data centre has.
    opened_day
        When the data centre's registers stood at 0: a day since 1970.
    mishaps
        How often gas leaks and fans fail by chance, against the usual. [-]
    """

    def __init__(
        self,
        weather: Weather,
        happenings: Happenings = (),
        plant: Plant | None = None,
        opened_day: int = OPENED_DAY,
        mishaps: float = 1.0,
    ) -> None:
        rain = Rain(weather)
        self.centre = Centre(weather, plant or Plant(), happenings, opened_day)
        self._water = Water(rain, happenings)
        self._galleries = Galleries(rain, happenings, mishaps)
        self._station = Station(weather)
        self._days: collections.OrderedDict[tuple[str, int], Curves] = (
            collections.OrderedDict()
        )

    def truth(self, device: str, metric: str, times_s: Int64Array) -> FloatArray:
        """Evaluate the model's own state.

        Parameters
        ----------
        device, metric
            What to evaluate.
        times_s : array, shape (n,)
            Seconds since 1970 UTC. [s]

        Returns
        -------
        array, shape (n,)
            In the unit of the metric.
        """
        days = times_s // DAY_S
        found = np.empty(len(times_s))
        for day in np.unique(days):
            chosen = days == day
            curve = self._curves(device, int(day))[device, metric]
            found[chosen] = _along(curve, times_s[chosen] % DAY_S, metric in _HELD)
        return found

    def _curves(self, device: str, day: int) -> Curves:
        name, part = self._part(device)
        known = self._days.get((name, day))
        if known is None:
            known = self._days[name, day] = part.day(day)
            if len(self._days) > _CACHED_DAYS:
                self._days.popitem(last=False)
        else:
            self._days.move_to_end((name, day))
        return known

    def _part(self, device: str) -> tuple[str, _Part]:
        if device in _WATER:
            return "water", self._water
        if device in GALLERIES:
            return "galleries", self._galleries
        if device == STATION:
            return STATION, self._station
        return "centre", self.centre


class Model(Site):
    """The demonstration park: its truth and its sensors.

    Parameters
    ----------
    seed
        Of all chance.
    began_s
        When live operation began: scripted storms fall only after that. [s]
    """

    def __init__(self, seed: int, began_s: int) -> None:
        super().__init__(Weather(seed, began_s))
        self.seed = seed
        self.began_s = began_s

    def reading(self, device: str, metric: str, times_s: Int64Array) -> FloatArray:
        """Read the device's sensor: the truth with its noise and its resolution."""
        value = self.truth(device, metric, times_s)
        sensor = SENSORS.get(metric, _EXACT)
        spread = sensor.noise + sensor.relative * np.abs(value)
        if sensor is not _EXACT:
            stream = f"{device}/{metric}"
            value = value + spread * draws.normal(self.seed, stream, times_s)
        within: FloatArray = np.clip(value, sensor.lowest, sensor.highest)
        # Rounding may leave a minus before the zero.
        return np.asarray(np.round(within, sensor.digits) + 0.0, dtype=np.float64)


def _along(curve: FloatArray, second: Int64Array, held: bool) -> FloatArray:  # noqa: FBT001 - private
    """Values of a curve with a node a minute at seconds of its day."""
    if held:
        return curve[second // STEP_S]
    place = second / STEP_S
    return np.interp(place, np.arange(len(curve), dtype=np.float64), curve)
