"""Utility tunnel of the demonstration park: four compartments side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.physics import air, reservoirs, tunnel
from simulators.physics.tunnel import Compartment, Drivers
from simulators.site import grid
from simulators.site.climate import DAY_S, HOUR_S, ZONE_S
from simulators.site.grid import NODES, STEP_S
from simulators.site.happenings import strength

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array
    from simulators.site.grid import Curves
    from simulators.site.happenings import Happenings
    from simulators.site.rain import Rain

WARM_UP_DAYS = 1
"""Every night the timers air and drain all, and what was before is forgotten."""
WEEK_DAYS = 7
_SATURDAY = 5
# Local hours of the nightly airing; ten minutes of every second hour besides.
_AIRING = (3 * HOUR_S, 4 * HOUR_S)
_TIMER_EVERY_S, _TIMER_FOR_S = 2 * HOUR_S, 600
_SEEPAGE_CONSTANT_S = 2.0 * HOUR_S


@dataclass(frozen=True, slots=True)
class Gallery:
    """A compartment, what is released in it, and how much water seeps in.

    Parameters
    ----------
    methane, sulfide, consumed, heat
        Ordinary sources, as in `tunnel.Drivers`.
    seepage_area
        Area whose rain ends up in the sump. [m2]
    leaks
        Chance of a gas leak on a day. [-]
    """

    compartment: Compartment
    methane: float = 0.0
    sulfide: float = 0.0
    consumed: float = 0.0
    heat: float = 0.0
    seepage: float = 0.03
    seepage_area: float = 30.0
    leaks: float = 0.0


GALLERIES = {
    "tunnel-gas": Gallery(
        Compartment(fan_changes=12.0),
        methane=0.006,
        consumed=0.02,
        leaks=0.03,
    ),
    "tunnel-sewage": Gallery(
        Compartment(evaporation=0.6),
        methane=0.05,
        sulfide=4.6,
        consumed=0.36,
        heat=0.5,
        seepage=0.08,
    ),
    "tunnel-water": Gallery(
        Compartment(ground=14.0, evaporation=0.5),
        consumed=0.01,
        seepage=0.10,
        seepage_area=60.0,
    ),
    "tunnel-power": Gallery(Compartment(evaporation=0.1), consumed=0.02, heat=3.2),
}


def local_s(times_s: Int64Array) -> Int64Array:
    """Tell the time of day on the park's clocks. [s]."""
    return (times_s + ZONE_S) % DAY_S


def _within(times_s: Int64Array, start_s: float, duration_s: float) -> FloatArray:
    inside = (times_s >= start_s) & (times_s < start_s + duration_s)
    return inside.astype(np.float64)


@dataclass(frozen=True, slots=True)
class Galleries:
    """The tunnel, as a function of the weather and of what goes wrong in it.

    Parameters
    ----------
    rain
        The weather's.
    happenings
        `gas` [%vol/h], `leak` [m3/h] and `fan_failure`.
    mishaps
        How often gas leaks and fans fail by chance, against the usual. [-]
    """

    rain: Rain
    happenings: Happenings = ()
    mishaps: float = 1.0

    def day(self, day: int) -> Curves:
        """Curves of one UTC day (days since 1970)."""
        curves: Curves = {}
        times = grid.minutes(day - WARM_UP_DAYS, WARM_UP_DAYS + 1)
        weather = self._weather(times)
        for code, gallery in GALLERIES.items():
            drivers = self._drivers(code, gallery, times, weather)
            states = tunnel.simulated(gallery.compartment, drivers, STEP_S)
            for metric in tunnel.METRICS:
                curves[code, metric] = states[metric][-NODES:]
            curves[code, "hatch_open"] = drivers.hatch[-NODES:]
        return curves

    def _weather(self, times: Int64Array) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Outdoor temperature [degC], vapour [kg/m3] and rain that seeps in [m/s]."""
        outdoor = self.rain.weather.temperature(times)
        humidity = self.rain.weather.humidity(times)
        rain = np.concatenate([[0.0], self.rain.rate(times)])
        seeping = reservoirs.routed(rain, STEP_S, _SEEPAGE_CONSTANT_S)
        return outdoor, air.saturation_density(outdoor) * humidity / 100.0, seeping

    def _drivers(
        self,
        code: str,
        gallery: Gallery,
        times: Int64Array,
        weather: tuple[FloatArray, FloatArray, FloatArray],
    ) -> Drivers:
        outdoor, vapour, seeping = weather
        hour = local_s(times) / HOUR_S
        busy = 1.0 + 0.35 * np.cos(2 * np.pi * (hour - 20.0) / 24.0)
        waver = np.exp(
            0.15 * draws.smooth(self.rain.weather.seed, code, times, 3 * HOUR_S)
        )
        airing = _within(local_s(times), _AIRING[0], _AIRING[1] - _AIRING[0])
        timer = _within(local_s(times) % _TIMER_EVERY_S, 0, _TIMER_FOR_S)
        return Drivers(
            outdoor=outdoor,
            vapour=vapour,
            methane=gallery.methane * waver + self._leaking(code, gallery, times),
            sulfide=gallery.sulfide * busy * waver,
            consumed=gallery.consumed * waver,
            heat=gallery.heat * (0.9 + 0.1 * busy),
            inflow=gallery.seepage * waver
            + 3600.0 * gallery.seepage_area * seeping
            + strength(self.happenings, "leak", times),
            hatch=self._visited(code, times),
            fan_timer=np.maximum(airing, timer),
            pump_timer=airing,
            fan_works=self._fan_works(code, times),
        )

    def _leaking(self, code: str, gallery: Gallery, times: Int64Array) -> FloatArray:
        """Methane of leaks. [%vol/h]."""
        chance = gallery.leaks * self.mishaps
        happening = self._happening(f"{code} leak", times, chance, (0.6, 1.0))
        released = strength(self.happenings, "gas", times)
        released += 2.2 * happening
        return released

    def _fan_works(self, code: str, times: Int64Array) -> FloatArray:
        chance = 0.06 * self.mishaps
        fails = self._happening(f"{code} fan", times, chance, (2.0, 5.0))
        fails += strength(self.happenings, "fan_failure", times)
        works: FloatArray = np.where(fails > 0, 0.0, 1.0)
        return works

    def _visited(self, code: str, times: Int64Array) -> FloatArray:
        """Whether people have opened the hatch: on some working days, for a while."""
        weekday = ((times + ZONE_S) // DAY_S + 3) % WEEK_DAYS
        visit = self._happening(f"{code} visit", times, 0.10, (0.25, 0.5))
        hours = _within(local_s(times), 9 * HOUR_S, 8 * HOUR_S)
        return visit * hours * (weekday < _SATURDAY)

    def _happening(
        self,
        what: str,
        times: Int64Array,
        chance: float,
        hours: tuple[float, float],
    ) -> FloatArray:
        """Whether something that befalls a UTC day now and then is going on."""
        going_on = np.zeros(len(times))
        days = np.unique(times // DAY_S)
        seed = self.rain.weather.seed
        befalls = draws.uniform(seed, what, days) < chance
        length = draws.uniform(seed, f"{what} length", days)
        begin = draws.uniform(seed, f"{what} begin", days)
        for number in np.flatnonzero(befalls):
            lasts = HOUR_S * (hours[0] + (hours[1] - hours[0]) * length[number])
            start = days[number] * DAY_S + begin[number] * (DAY_S - lasts)
            going_on += _within(times, start, lasts)
        return going_on
