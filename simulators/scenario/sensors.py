"""What devices read: the truth with noise, resolution, and faults of the values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.scenario.kinds import EVENTS, PLANT, SITE
from simulators.site.model import SENSORS, Sensor

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray, Int64Array
    from simulators.scenario.events import Fault
    from simulators.scenario.roster import Fleet
    from simulators.scenario.world import World

_DAY_S = 86400.0
_LANE = 1 << 34
"""More than seconds since 1970: each device has its own random numbers."""
_SPIKED = 0.08
"""Share of the samples that spikes befall."""
_EXACT = Sensor(0.0)
_REGISTER = "active_energy_import"
VALUE_FAULTS = frozenset(
    {
        "stuck",
        "spike",
        "drift",
        "offset",
        "noise",
        "wrong_ct_ratio",
        "meter_swap",
        "register_reset",
        "register_rollover",
    }
)


def sensor(metric: str) -> Sensor:
    """Tell how a metric's sensor sees the truth."""
    return SENSORS.get(metric, _EXACT)


def metrics_of(fault: Fault, fleet: Fleet) -> tuple[str, ...]:
    """List the metrics of a fleet that a fault befalls."""
    if fault.metric is not None:
        return tuple(each for each in fleet.metrics if each == fault.metric)
    if fault.kind in PLANT or fault.kind in SITE:
        return fleet.metrics
    usual = EVENTS[fault.kind].metrics
    if usual:
        return tuple(each for each in fleet.metrics if each in usual)
    return fleet.metrics[:1]


class Sensors:
    """The sensors of a fleet.

    Parameters
    ----------
    world
        What is true.
    fleet
        Whose sensors these are.
    faults
        Events of the scenario.
    """

    def __init__(self, world: World, fleet: Fleet, faults: Iterable[Fault]) -> None:
        self._world = world
        self._fleet = fleet
        place = {code: number for number, code in enumerate(fleet.codes)}
        self._faults = [
            (each, _mask(place, each))
            for each in faults
            if each.kind in VALUE_FAULTS and any(code in place for code in each.devices)
        ]

    def read(self, metric: str, device: Int64Array, times_s: Int64Array) -> FloatArray:
        """Read sensors.

        Parameters
        ----------
        metric
            What they measure.
        device, times_s : arrays, shape (n,)
            Places in the fleet; seconds since 1970 UTC. [s]

        Returns
        -------
        array, shape (n,)
            As it is sent, in the unit of the metric.
        """
        value = self._seen(metric, device, times_s)
        for fault, befallen in self._faults:
            if metric in metrics_of(fault, self._fleet):
                value = self._distorted(
                    fault, metric, befallen[device], device, times_s, value
                )
        how = sensor(metric)
        within = np.clip(value, how.lowest, how.highest)
        rounded: FloatArray = np.round(within, how.digits) + 0.0
        return rounded

    def _seen(self, metric: str, device: Int64Array, times_s: Int64Array) -> FloatArray:
        """Truth and noise."""
        value = self._world.truth(self._fleet, metric, device, times_s)
        how = sensor(metric)
        if how is _EXACT:
            return value
        spread = how.noise + how.relative * np.abs(value)
        index = self._fleet.lanes[device] * _LANE + times_s
        return value + spread * draws.normal(self._world.seed, metric, index)

    def _distorted(
        self,
        fault: Fault,
        metric: str,
        befallen: npt.NDArray[np.bool_],
        device: Int64Array,
        times_s: Int64Array,
        value: FloatArray,
    ) -> FloatArray:
        since = befallen & (times_s >= fault.start_s)
        during = since & (times_s < fault.end_s)
        if metric == _REGISTER:
            return self._register(fault, since, device, times_s, value)
        return np.where(
            during, self._faulty(fault, metric, device, times_s, value), value
        )

    def _faulty(
        self,
        fault: Fault,
        metric: str,
        device: Int64Array,
        times_s: Int64Array,
        value: FloatArray,
    ) -> FloatArray:
        index = self._fleet.lanes[device] * _LANE + times_s
        name, seed = f"fault {fault.number}", self._world.seed
        match fault.kind:
            case "stuck":
                begin = np.full(len(device), fault.start_s, dtype=np.int64)
                return self._seen(metric, device, begin)
            case "spike":
                chance = draws.uniform(seed, name, index)
                return value + fault.size * (chance < _SPIKED)
            case "drift":
                return value + fault.size * (times_s - fault.start_s) / _DAY_S
            case "noise":
                return value + fault.size * draws.normal(seed, name, index)
            case "wrong_ct_ratio":
                return value * fault.size
            case _:
                return value + fault.size

    def _register(
        self,
        fault: Fault,
        since: npt.NDArray[np.bool_],
        device: Int64Array,
        times_s: Int64Array,
        value: FloatArray,
    ) -> FloatArray:
        """Let a register go on as it does after a fault; later ones build on it."""
        begin = np.full(len(device), fault.start_s, dtype=np.int64)
        before = self._world.truth(self._fleet, _REGISTER, device, begin)
        if fault.kind in {"meter_swap", "register_reset"}:
            return np.where(since, value - before + fault.size, value)
        if fault.kind == "register_rollover":
            # Near its end from the first day on, so that it begins anew at the start.
            rolled: FloatArray = np.mod(value - before, fault.size)
            return np.where(self._befallen(fault)[device], rolled, value)
        last = np.minimum(times_s, fault.end_s)
        counted = self._world.truth(self._fleet, _REGISTER, device, last) - before
        if fault.kind == "wrong_ct_ratio":
            return np.where(since, value + (fault.size - 1.0) * counted, value)
        stuck = fault.kind == "stuck"
        return np.where(since & stuck, value - counted, value)

    def _befallen(self, fault: Fault) -> npt.NDArray[np.bool_]:
        return next(mask for each, mask in self._faults if each is fault)


def _mask(place: dict[str, int], fault: Fault) -> npt.NDArray[np.bool_]:
    befallen = np.zeros(len(place), dtype=np.bool_)
    for code in fault.devices:
        if code in place:
            befallen[place[code]] = True
    return befallen
