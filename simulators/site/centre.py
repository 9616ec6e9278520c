"""Data centre of the demonstration park: two halls, each with its own power path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.physics import data_centre
from simulators.site import grid
from simulators.site.climate import DAY_S, HOUR_S, ZONE_S
from simulators.site.grid import STEP_S
from simulators.site.happenings import strength

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array
    from simulators.site.grid import Curves
    from simulators.site.happenings import Happenings
    from simulators.site.weather import Weather

OPENED_DAY = 19814
"""2024-04-01: all registers stood at 0."""
NODE_S = 300
"""Powers are linear between nodes this far apart."""
CHUNK_DAYS = 64
GREEN = "green-contract"
OWN = ("generator", "wind", "storage-discharge")
"""Meters of what the data centre brings itself, besides photovoltaics."""

_IT_DESIGN = 8.0e6
_UPS_RATING = 5.0e6
_PDU_EFFICIENCY = 0.9862
_CABLE_EFFICIENCY = 0.9955
_TRANSFORMER_LOSS = 0.008
_PV_PEAK = 3.0e6
_GREEN_PEAK = 2.7e6
_SERVICES = 9.0e4
_FEEDER_A = 0.54
_SUNDAY_AND_SATURDAY = 5

Powers = dict[str, "FloatArray"]
"""Power by meter, arrays of one length. [W]"""


@dataclass(frozen=True, slots=True)
class Plant:
    """What a data centre has besides feeders, UPS, cooling and photovoltaics.

    Parameters
    ----------
    storage_kwh
        What its battery takes at night and gives back in the evening. [kWh]
    wind_w
        Rated power of its wind turbines. [W]
    has_generator
        Whether it has a generator, which only runs when a test is due.
    """

    storage_kwh: float = 0.0
    wind_w: float = 0.0
    has_generator: bool = False


def powers(
    weather: Weather,
    times_s: Int64Array,
    plant: Plant | None = None,
    happenings: Happenings = (),
) -> Powers:
    """Power at every meter.

    Parameters
    ----------
    weather
        That cools and shines.
    times_s : array, shape (n,)
        Seconds since 1970 UTC. [s]
    plant
        What else there is.
    happenings
        `chiller_failure` [-], `ups_inefficiency` [-], `lost_feeder`, `generator_test`
        [W].

    Returns
    -------
    dict
        Array, shape (n,), by code of the meter. They balance: what feeders, generator,
        wind and photovoltaics bring is what UPS, cooling, services, storage and
        transformers take. [W]
    """
    outdoor = weather.temperature(times_s)
    halls = _halls(weather.seed, times_s, happenings)
    drawn = halls["ups-a-in"] + halls["ups-b-in"]
    penalty = strength(happenings, "chiller_failure", times_s)
    cooling = data_centre.cooling(drawn, outdoor, weather.humidity(times_s), penalty)
    hour = (times_s + ZONE_S) % DAY_S / HOUR_S
    services = _SERVICES * (1.0 + 0.15 * np.cos(2 * np.pi * (hour - 14.0) / 24.0))
    sun = data_centre.photovoltaic(weather.irradiance(times_s), outdoor, _PV_PEAK)
    others = _others(weather, times_s, plant or Plant(), happenings)
    used = drawn + cooling + services + others.get("storage-charge", 0.0)
    own = sum((others.get(each, 0.0) for each in OWN), start=sun)
    total = used / (1.0 - _TRANSFORMER_LOSS)
    share_a = _share_a(weather.seed, times_s, happenings)
    return {
        **halls,
        "cooling": cooling,
        "lighting": services,
        "pv": sun,
        "grid-a": (total - own) * share_a,
        "grid-b": (total - own) * (1.0 - share_a),
        GREEN: _green(weather.seed, times_s),
        **others,
    }


def _share_a(seed: int, times_s: Int64Array, happenings: Happenings) -> FloatArray:
    """Share of feeder A, all or nothing when a feeder is lost. [-]."""
    share = _FEEDER_A + 0.01 * draws.smooth(seed, "feeder", times_s, 6 * HOUR_S)
    without_a = strength(happenings, "lost_feeder", times_s, "grid-a") > 0
    without_b = strength(happenings, "lost_feeder", times_s, "grid-b") > 0
    return np.where(without_a, 0.0, np.where(without_b, 1.0, share))


def _others(
    weather: Weather, times_s: Int64Array, plant: Plant, happenings: Happenings
) -> Powers:
    """Powers of what not every data centre has. [W]."""
    found: Powers = {}
    if plant.has_generator:
        found["generator"] = strength(happenings, "generator_test", times_s)
    if plant.wind_w:
        wind = data_centre.wind_turbine(weather.wind(times_s), plant.wind_w)
        found["wind"] = wind
    if plant.storage_kwh:
        charge, discharge = data_centre.storage(
            (times_s + ZONE_S) % DAY_S, plant.storage_kwh
        )
        found["storage-charge"], found["storage-discharge"] = charge, discharge
    return found


def _halls(seed: int, times_s: Int64Array, happenings: Happenings) -> Powers:
    """Powers of racks, PDUs and UPS of both halls."""
    opened = OPENED_DAY * DAY_S
    local = times_s + ZONE_S
    filling = 0.75 - 0.25 * np.exp(-(times_s - opened) / (400.0 * DAY_S))
    hour = np.cos(2 * np.pi * (local / HOUR_S - 15.0) / 24.0)
    workday = ((local // DAY_S + 3) % 7 < _SUNDAY_AND_SATURDAY).astype(np.float64)
    waver = 0.007 * draws.smooth(seed, "load", times_s, HOUR_S) + 0.012 * draws.smooth(
        seed, "load days", times_s, 3 * DAY_S
    )
    # People come and go over hours, so a working day fades in and out.
    working = workday * 0.012 * np.clip(hour + 0.3, 0.0, 1.0)
    load = _IT_DESIGN * filling * (0.97 + 0.028 * hour + working + waver)
    share_a = 0.52 + 0.012 * draws.smooth(seed, "halls", times_s, 12 * HOUR_S)
    found: Powers = {}
    for hall, racks in (("a", load * share_a), ("b", load * (1.0 - share_a))):
        delivered = racks / _CABLE_EFFICIENCY
        conditioned = delivered / _PDU_EFFICIENCY
        worse = strength(happenings, "ups_inefficiency", times_s, f"ups-{hall}")
        found[f"racks-{hall}"] = racks
        found[f"pdu-{hall}"] = delivered
        found[f"ups-{hall}"] = conditioned
        found[f"ups-{hall}-in"] = data_centre.ups_input(conditioned, _UPS_RATING, worse)
    return found


def _green(seed: int, times_s: Int64Array) -> FloatArray:
    """Wind power that the contract delivers. [W]."""
    wind = 0.5 + 0.27 * draws.smooth(seed, "wind", times_s, 7 * HOUR_S)
    return _GREEN_PEAK * np.clip(wind, 0.02, 1.0)


@dataclass(slots=True)
class Centre:
    """The data centre: powers and the registers that count their energy.

    Parameters
    ----------
    weather, plant, happenings
        As in `powers`.
    opened_day
        Day (since 1970, UTC) at whose begin all registers stood at 0.
    """

    weather: Weather
    plant: Plant = field(default_factory=Plant)
    happenings: Happenings = ()
    opened_day: int = OPENED_DAY
    _at_midnight: Powers = field(default_factory=dict)
    _known_days: int = 0

    def day(self, day: int) -> Curves:
        """Curves of one UTC day (days since 1970), not before the opening."""
        nodes = day * DAY_S + NODE_S * np.arange(DAY_S // NODE_S + 1, dtype=np.int64)
        minutes = grid.minutes(day, 1)
        elapsed = (minutes - minutes[0]).astype(np.float64)
        curves: Curves = {}
        for meter, power in self.powers(nodes).items():
            at_nodes = data_centre.energy(power, NODE_S)
            counted = data_centre.between(at_nodes, power, NODE_S, elapsed)
            if meter == GREEN:
                curves[meter, "active_energy_interval"] = self._hourly(day, counted)
                continue
            curves[meter, "active_energy_import"] = counted + self._before(meter, day)
            curves[meter, "active_power"] = np.interp(minutes, nodes, power)
        return curves

    def powers(self, times_s: Int64Array) -> Powers:
        """Power at every meter; see `powers`. [W]."""
        return powers(self.weather, times_s, self.plant, self.happenings)

    def energy(self, meter: str, start_s: int, end_s: int) -> float:
        """Energy from start to end, both at midnight in UTC: the truth. [kWh]."""
        return self._before(meter, end_s // DAY_S) - self._before(
            meter, start_s // DAY_S
        )

    def _hourly(self, day: int, counted: FloatArray) -> FloatArray:
        """Energy of the hour that ended last, at every minute. [kWh]."""
        an_hour = HOUR_S // STEP_S
        times = (day * DAY_S - HOUR_S) + NODE_S * np.arange(
            HOUR_S // NODE_S + 1, dtype=np.int64
        )
        power = self.powers(times)[GREEN]
        before = data_centre.energy(power, NODE_S)[-1]
        whole = counted[::an_hour]
        ended = np.concatenate([[before], np.diff(whole)])
        return np.repeat(ended, an_hour)[: len(counted) - 1 + an_hour][: len(counted)]

    def _before(self, meter: str, day: int) -> float:
        """Energy from the opening to the begin of a day. [kWh]."""
        while self._known_days < day - self.opened_day:
            self._learn_more()
        return float(self._at_midnight[meter][day - self.opened_day])

    def _learn_more(self) -> None:
        """Add up the energies of some more days, in the order of time."""
        for meter, daily in self._daily(self.opened_day + self._known_days).items():
            known = self._at_midnight.get(meter, np.zeros(1))
            sums = known[-1] + np.cumsum(daily)
            self._at_midnight[meter] = np.concatenate([known, sums])
        self._known_days += CHUNK_DAYS

    def _daily(self, first_day: int) -> Powers:
        """Energy of each of the next days by meter. [kWh]."""
        days = first_day + np.arange(CHUNK_DAYS, dtype=np.int64)
        nodes = NODE_S * np.arange(DAY_S // NODE_S + 1, dtype=np.int64)
        times = (days[:, None] * DAY_S + nodes[None, :]).ravel()
        return {
            meter: np.array(
                [
                    data_centre.energy(of_day, NODE_S)[-1]
                    for of_day in power.reshape(CHUNK_DAYS, -1)
                ]
            )
            for meter, power in self.powers(times).items()
        }
