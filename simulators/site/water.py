"""Water of the demonstration park: gauges, channels, a lake, an underpass, soil."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.physics import reservoirs, storms
from simulators.site import grid
from simulators.site.climate import DAY_S, HOUR_S
from simulators.site.grid import NODES, STEP_S
from simulators.site.happenings import strength
from simulators.site.rain import GAUGES

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray
    from simulators.site.grid import Curves
    from simulators.site.happenings import Happenings
    from simulators.site.rain import Rain

WARM_UP_DAYS = 3
"""Long against the reservoirs' constants: what came before is forgotten."""
SOIL_DAYS = 60

CANAL_BED, RIVER_BED, LAKE_LEVEL = 22.00, 19.40, 20.50
"""Above the park's datum. [m]"""


@dataclass(frozen=True, slots=True)
class Catchment:
    """An area whose rain runs through two reservoirs.

    Parameters
    ----------
    area
        [m2]
    runoff
        Share of the rain that runs off. [-]
    first_s, second_s
        Constants of the reservoirs. [s]
    """

    area: float
    runoff: float
    first_s: float
    second_s: float

    def flow(self, rate: FloatArray) -> FloatArray:
        """Flow at the outlet at the end of each minute of rain [m/s]. [m3/s]."""
        inflow = rate * self.area * self.runoff
        first = reservoirs.routed(inflow, STEP_S, self.first_s)
        return reservoirs.routed(first, STEP_S, self.second_s)


CANAL = Catchment(area=5.5e5, runoff=0.65, first_s=300.0, second_s=480.0)
RIVER = Catchment(area=6.0e6, runoff=0.25, first_s=1800.0, second_s=3600.0)
UNDERPASS = Catchment(area=2.6e4, runoff=0.95, first_s=120.0, second_s=180.0)
UNDERPASS_PUMP = 0.09
"""[m3/s]"""
FLOOD_CONSTANT_S = 1200.0
"""How gradually a flood comes and goes. [s]"""
LAKE_AREA, LAKE_CONSTANT_S = 2.0e4, 5.0 * HOUR_S
SOIL_CONSTANT_S = 6.0 * DAY_S
SOIL_FILLING_MM = 45.0


@dataclass(frozen=True, slots=True)
class Soil:
    """Ground at a probe.

    Parameters
    ----------
    driest, wettest
        Moisture. [%]
    infiltration
        Share of the rain that seeps in. [-]
    """

    driest: float
    wettest: float
    infiltration: float


SOILS = {"soil-lawn": Soil(11.0, 43.0, 0.45), "soil-slope": Soil(8.0, 36.0, 0.28)}


@dataclass(frozen=True, slots=True)
class Water:
    """Everything wet, as a function of the rain and of what happens."""

    rain: Rain
    happenings: Happenings = ()

    def day(self, day: int) -> Curves:
        """Curves of one UTC day (days since 1970)."""
        rate = self.rain.rate(grid.minutes(day - WARM_UP_DAYS, WARM_UP_DAYS + 1))
        return {
            **self._gauges(day),
            **self._levels(day, rate, self._flood(day)),
            **{(probe, "soil_moisture"): self._moisture(probe, day) for probe in SOILS},
        }

    def _gauges(self, day: int) -> Curves:
        times = grid.minutes(day, 1)
        curves: Curves = {}
        for gauge, bucket_mm in GAUGES.items():
            fallen = self.rain.fallen(gauge, times)
            before = self.rain.since_new_year(gauge, day * DAY_S)
            total = before + fallen - fallen[0]
            curves[gauge, "rainfall_total"] = storms.tipped(total, bucket_mm)
        return curves

    def _drift(self, what: str, day: int) -> FloatArray:
        return draws.smooth(
            self.rain.weather.seed, what, grid.minutes(day, 1), 12 * HOUR_S
        )

    def _flood(self, day: int) -> FloatArray:
        """Water that comes from elsewhere, in every minute of rain. [m3/s]."""
        times = grid.minutes(day - WARM_UP_DAYS, WARM_UP_DAYS + 1)[1:]
        coming = strength(self.happenings, "flood", times)
        return reservoirs.routed(coming, STEP_S, FLOOD_CONSTANT_S)

    def _pump(self, day: int) -> FloatArray:
        """Tell what the drain of the underpass takes away at most. [m3/s]."""
        times = grid.minutes(day - WARM_UP_DAYS, WARM_UP_DAYS + 1)[1:]
        blocked = strength(self.happenings, "blocked_drain", times)
        return UNDERPASS_PUMP * (1.0 - np.clip(blocked, 0.0, 1.0))

    def _levels(self, day: int, rate: FloatArray, flood: FloatArray) -> Curves:
        canal, river = CANAL.flow(rate) + flood, RIVER.flow(rate) + flood
        stored = LAKE_CONSTANT_S * reservoirs.routed(canal, STEP_S, LAKE_CONSTANT_S)
        hollow = reservoirs.pumped(UNDERPASS.flow(rate), STEP_S, self._pump(day))
        canal_flow = canal[-NODES:] + 0.05 * np.exp(0.2 * self._drift("canal", day))
        river_flow = river[-NODES:] + 0.60 * np.exp(0.3 * self._drift("river", day))
        lake = LAKE_LEVEL + 0.03 * self._drift("lake", day)
        return {
            ("flow-canal", "flow_rate"): canal_flow,
            ("level-canal", "water_level"): CANAL_BED + 0.48 * canal_flow**0.6,
            ("level-river", "water_level"): RIVER_BED + 0.35 * river_flow**0.55,
            ("level-lake", "water_level"): lake + stored[-NODES:] / LAKE_AREA,
            # A sag in the road: the volume grows with the square of the depth.
            ("ponding-underpass", "waterlogging_depth"): np.sqrt(
                hollow[-NODES:] / 600.0
            ),
        }

    def _moisture(self, probe: str, day: int) -> FloatArray:
        soil = SOILS[probe]
        begin = day * DAY_S
        times = grid.minutes(day, 1)
        fallen = self.rain.fallen("rain-green", times)
        past = self.rain.storms("rain-green", begin - SOIL_DAYS * DAY_S, begin)
        share = storms.fallen_share(begin - past.start_s, past.duration_s, past.peak)
        age_s = np.maximum(begin - past.end_s, 0.0)
        left = past.depth_mm * share * np.exp(-age_s / SOIL_CONSTANT_S)
        added = np.concatenate([[0.0], np.diff(fallen)])
        stock = reservoirs.decayed(added, float(np.sum(left)), STEP_S, SOIL_CONSTANT_S)
        filled = 1.0 - np.exp(-stock * soil.infiltration / SOIL_FILLING_MM)
        moisture: FloatArray = soil.driest + (soil.wettest - soil.driest) * filled
        return moisture
