"""The true values of everything that a scenario's devices measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.physics import storms
from simulators.scenario.kinds import PLANT, SITE
from simulators.site.centre import Plant
from simulators.site.climate import DAY_S
from simulators.site.happenings import Happening, Happenings
from simulators.site.model import Site
from simulators.site.weather import Weather

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array
    from simulators.physics.storms import Storms
    from simulators.scenario.document import Scenario
    from simulators.scenario.events import Fault
    from simulators.scenario.roster import Archetype, Fleet
    from simulators.site.centre import Centre

_OPENED_DAYS_BEFORE = 40
_NAMED = frozenset({"ups_inefficiency", "lost_feeder"})
"""Events that befall one of several parts of a data centre."""


def plant_happenings(faults: tuple[Fault, ...]) -> Happenings:
    """List what befalls the data centre."""
    return tuple(
        Happening(each.kind, each.start_s, each.end_s, each.size, target)
        for each in faults
        if each.kind in PLANT
        for target in (each.devices if each.kind in _NAMED else ("",))
    )


def site_happenings(faults: tuple[Fault, ...]) -> dict[str, Happenings]:
    """List what befalls the surroundings of devices, by their codes."""
    found: dict[str, Happenings] = {}
    for each in faults:
        if each.kind in SITE:
            one = Happening(each.kind, each.start_s, each.end_s, each.size)
            for device in each.devices:
                found[device] = (*found.get(device, ()), one)
    return found


def _designed(scenario: Scenario) -> Storms:
    written = scenario.storms
    depths = [
        each.depth_mm
        if each.depth_mm is not None
        else storms.design_depth(each.duration_h * 3600, each.return_period_years or 1)
        for each in written
    ]
    return storms.Storms(
        np.array([scenario.start_s + each.start_h * 3600.0 for each in written]),
        np.array([each.duration_h * 3600.0 for each in written]),
        np.array(depths, dtype=np.float64),
        np.array([each.peak for each in written]),
    )


class World:
    """Everything true in a scenario, as a function of time.

    Parameters
    ----------
    scenario
        What happens.
    faults
        Its events, settled.
    seed
        Of all chance.
    """

    def __init__(
        self, scenario: Scenario, faults: tuple[Fault, ...], seed: int
    ) -> None:
        self.seed = seed
        change = scenario.weather
        self.weather = Weather(
            seed,
            warmer=change.warmer_k,
            has_natural_storms=change.natural_storms,
            designed=_designed(scenario),
        )
        extra = scenario.data_centre
        self._plant = (
            Plant(extra.storage_kwh, extra.wind_kw * 1000.0, extra.generator)
            if extra
            else Plant()
        )
        self._opened_day = scenario.start_s // DAY_S - _OPENED_DAYS_BEFORE
        self._plant_happenings = plant_happenings(faults)
        self._sites: dict[Happenings, Site] = {}

    @property
    def centre(self) -> Centre:
        """The data centre."""
        return self._site(self._plant_happenings).centre

    def _site(self, happenings: Happenings) -> Site:
        if happenings not in self._sites:
            self._sites[happenings] = Site(
                self.weather,
                happenings,
                self._plant,
                self._opened_day,
                mishaps=0.0,
            )
        return self._sites[happenings]

    def curve(
        self, archetype: Archetype, metric: str, times_s: Int64Array
    ) -> FloatArray:
        """Evaluate what an archetype's devices would truly see, without delay.

        Parameters
        ----------
        archetype, metric
            What to evaluate.
        times_s : array, shape (n,)
            Seconds since 1970 UTC. [s]

        Returns
        -------
        array, shape (n,)
            In the unit of the metric.
        """
        site = self._site(archetype.happenings)
        return archetype.gain * site.truth(archetype.code, metric, times_s)

    def truth(
        self, fleet: Fleet, metric: str, device: Int64Array, times_s: Int64Array
    ) -> FloatArray:
        """Evaluate what devices of a fleet would truly see.

        Parameters
        ----------
        fleet, metric
            What to evaluate.
        device : array, shape (n,)
            Places of devices in the fleet.
        times_s : array, shape (n,)
            Seconds since 1970 UTC. [s]

        Returns
        -------
        array, shape (n,)
            In the unit of the metric.
        """
        like = fleet.like[device]
        delayed = times_s - fleet.delay_s[device]
        found = np.empty(len(times_s))
        for place in np.unique(like):
            chosen = like == place
            found[chosen] = self.curve(fleet.archetypes[place], metric, delayed[chosen])
        return found
