"""Data centre of the demonstration park: two halls, each with its own power path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.demo import climate, grid
from simulators.demo.climate import DAY_S, HOUR_S, ZONE_S
from simulators.demo.grid import STEP_S
from simulators.physics import data_centre

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array
    from simulators.demo.grid import Curves

OPENED_DAY = 19814
"""2024-04-01: all registers stood at 0."""
NODE_S = 300
"""Powers are linear between nodes this far apart."""
CHUNK_DAYS = 64
GREEN = "green-contract"

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


def powers(seed: int, times_s: Int64Array) -> Powers:
    """Power at every meter.

    Parameters
    ----------
    seed
        Of the simulation.
    times_s : array, shape (n,)
        Seconds since 1970 UTC. [s]

    Returns
    -------
    dict
        Array, shape (n,), by code of the meter. They balance: what the feeders and the
        photovoltaics bring is what UPS, cooling, services and transformers take. [W]
    """
    outdoor = climate.temperature(seed, times_s)
    humidity = climate.humidity(seed, times_s)
    halls = _halls(seed, times_s)
    drawn = halls["ups-a-in"] + halls["ups-b-in"]
    cooling = data_centre.cooling(drawn, outdoor, humidity)
    hour = (times_s + ZONE_S) % DAY_S / HOUR_S
    services = _SERVICES * (1.0 + 0.15 * np.cos(2 * np.pi * (hour - 14.0) / 24.0))
    total = (drawn + cooling + services) / (1.0 - _TRANSFORMER_LOSS)
    sun = data_centre.photovoltaic(climate.irradiance(seed, times_s), outdoor, _PV_PEAK)
    share_a = _FEEDER_A + 0.01 * draws.smooth(seed, "feeder", times_s, 6 * HOUR_S)
    return {
        **halls,
        "cooling": cooling,
        "lighting": services,
        "pv": sun,
        "grid-a": (total - sun) * share_a,
        "grid-b": (total - sun) * (1.0 - share_a),
        GREEN: _green(seed, times_s),
    }


def _halls(seed: int, times_s: Int64Array) -> Powers:
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
        found[f"racks-{hall}"] = racks
        found[f"pdu-{hall}"] = delivered
        found[f"ups-{hall}"] = conditioned
        found[f"ups-{hall}-in"] = data_centre.ups_input(conditioned, _UPS_RATING)
    return found


def _green(seed: int, times_s: Int64Array) -> FloatArray:
    """Wind power that the contract delivers. [W]."""
    wind = 0.5 + 0.27 * draws.smooth(seed, "wind", times_s, 7 * HOUR_S)
    return _GREEN_PEAK * np.clip(wind, 0.02, 1.0)


@dataclass(slots=True)
class Centre:
    """The data centre: powers and the registers that count their energy."""

    seed: int
    _at_midnight: Powers = field(default_factory=dict)
    _known_days: int = 0

    def day(self, day: int) -> Curves:
        """Curves of one UTC day (days since 1970), not before `OPENED_DAY`."""
        nodes = day * DAY_S + NODE_S * np.arange(DAY_S // NODE_S + 1, dtype=np.int64)
        minutes = grid.minutes(day, 1)
        elapsed = (minutes - minutes[0]).astype(np.float64)
        curves: Curves = {}
        for meter, power in powers(self.seed, nodes).items():
            at_nodes = data_centre.energy(power, NODE_S)
            counted = data_centre.between(at_nodes, power, NODE_S, elapsed)
            if meter == GREEN:
                curves[meter, "active_energy_interval"] = self._hourly(day, counted)
                continue
            curves[meter, "active_energy_import"] = counted + self._before(meter, day)
            curves[meter, "active_power"] = np.interp(minutes, nodes, power)
        return curves

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
        power = powers(self.seed, times)[GREEN]
        before = data_centre.energy(power, NODE_S)[-1]
        whole = counted[::an_hour]
        ended = np.concatenate([[before], np.diff(whole)])
        return np.repeat(ended, an_hour)[: len(counted) - 1 + an_hour][: len(counted)]

    def _before(self, meter: str, day: int) -> float:
        """Energy from the opening to the begin of a day. [kWh]."""
        while self._known_days < day - OPENED_DAY:
            self._learn_more()
        return float(self._at_midnight[meter][day - OPENED_DAY])

    def _learn_more(self) -> None:
        """Add up the energies of some more days, in the order of time."""
        for meter, daily in self._daily(OPENED_DAY + self._known_days).items():
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
            for meter, power in powers(self.seed, times).items()
        }
