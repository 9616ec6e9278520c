"""What a meter can measure at most, judged by its own values where nobody says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics import samples
from parkpulse.model import instants
from parkpulse.offline.kpi import spec

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.offline.kpi.spec import Column

GREATEST_KW = 1e6
"""No data centre draws a GW: a greater power is not one."""
_FEW, _SOME = 8, 30
_PEAK = 3.0
_PEAKS, _RARE = 3, 0.01
"""No data centre draws thrice its 95th percentile in but a few samples: one of fewer
than `_SOME`, else `_PEAKS`, or 1 of 100."""
_FAR = 10.0
_RECURRING = {"renewable_onsite", "renewable_contract", *spec.WATER, *spec.HEAT}
"""What comes and goes, but with much the same peaks; a chiller or a generator need not
have run before."""


def of_samples(column: Column, power: FloatArray) -> float:
    """Greatest plausible power of samples [kW]."""
    if len(power) == 1:
        # The interval of a single sample is a guess.
        return float("inf")
    if column.role in _RECURRING:
        return min(_far(power), GREATEST_KW)
    if not _is_steady(column):
        return GREATEST_KW
    return min(samples.greatest(power), _peaks(power), GREATEST_KW)


def of_register(column: Column, ts: Int64Array, value: FloatArray) -> float:
    """Greatest plausible rate of a register that has no `max_power` [kW; m3/h]."""
    rate = np.diff(value) / np.diff(ts) * instants.HOUR
    most = min(samples.greatest(rate), GREATEST_KW)
    return min(most, _peaks(rate)) if _is_steady(column) else most


def _is_steady(column: Column) -> bool:
    """Whether it is the load of a whole data centre, which has no sudden peaks."""
    return column.role == "total" or column.role in spec.IT


def _far(power: FloatArray) -> float:
    """Limit far beyond what recurs, infinite if too little is known of that."""
    above = np.sort(power[power > 0.0])
    if len(above) < _SOME:
        return float("inf")
    return _FAR * float(above[int(0.95 * (len(above) - 1))])


def _peaks(power: FloatArray) -> float:
    """Limit above which lie but a few peaks, infinite if more do than chance brings."""
    above = np.sort(power[power > 0.0])
    if len(above) < _FEW:
        return float("inf")
    limit = _PEAK * float(above[int(0.95 * (len(above) - 1))])
    most = max(_PEAKS if len(power) >= _SOME else 1, _RARE * len(power))
    return limit if np.count_nonzero(power > limit) <= most else float("inf")
