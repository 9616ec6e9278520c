"""A compartment of a utility tunnel: gas, heat and water, fan and pump."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray

OUTDOOR_OXYGEN = 20.9
METRICS = (
    "oxygen",
    "methane",
    "hydrogen_sulfide",
    "air_temperature",
    "relative_humidity",
    "sump_level",
    "fan_running",
    "pump_running",
)


@dataclass(frozen=True, slots=True)
class Compartment:
    """What does not change.

    Parameters
    ----------
    natural_changes, fan_changes, hatch_changes
        Air changes always, more with the fan, more with the hatch open. [1/h]
    ground
        Temperature of the walls. [degC]
    wall_exchange, evaporation
        Shares of the distance to the walls' temperature and to saturated air that are
        made up. [1/h]
    air_share
        Share of the incoming air's heat that stays in the air. [-]
    sump_area, sump_depth, floor_area
        Water above the sump's rim spreads over the floor. [m2], [m], [m2]
    pump_rate
        [m3/h]
    pump_on, pump_off
        Levels at which the pump starts and stops. [m]
    methane_on, methane_off, sulfide_on, sulfide_off
        Concentrations at which the controller starts and stops the fan. [%vol], [mg/m3]
    """

    natural_changes: float = 0.35
    fan_changes: float = 6.0
    hatch_changes: float = 1.5
    ground: float = 17.0
    wall_exchange: float = 0.25
    evaporation: float = 0.3
    air_share: float = 0.05
    sump_area: float = 1.2
    sump_depth: float = 1.6
    floor_area: float = 250.0
    pump_rate: float = 12.0
    pump_on: float = 0.90
    pump_off: float = 0.25
    methane_on: float = 1.0
    methane_off: float = 0.2
    sulfide_on: float = 8.0
    sulfide_off: float = 2.0


@dataclass(frozen=True, slots=True)
class Drivers:
    """What acts on a compartment; arrays with one value for each step.

    Parameters
    ----------
    outdoor, vapour : arrays
        Air that comes in: temperature and density of its vapour. [degC], [kg/m3]
    methane, sulfide, consumed : arrays
        Sources of gases and consumption of oxygen. [%vol/h], [mg/m3/h], [%vol/h]
    heat : array
        Warming by cables and pipes. [K/h]
    inflow : array
        Water into the sump. [m3/h]
    hatch, fan_timer, pump_timer, fan_works : arrays
        1 when the hatch is open, when the timers run fan and pump, when the fan is in
        order; else 0.
    """

    outdoor: FloatArray
    vapour: FloatArray
    methane: FloatArray
    sulfide: FloatArray
    consumed: FloatArray
    heat: FloatArray
    inflow: FloatArray
    hatch: FloatArray
    fan_timer: FloatArray
    pump_timer: FloatArray
    fan_works: FloatArray


class _Step(NamedTuple):
    """The drivers of one step."""

    outdoor: float
    vapour: float
    methane: float
    sulfide: float
    consumed: float
    heat: float
    inflow: float
    hatch: float
    fan_timer: float
    pump_timer: float
    fan_works: float


@dataclass(slots=True)
class _State:
    oxygen: float
    methane: float
    sulfide: float
    temperature: float
    vapour: float
    level: float
    alarm: bool = False
    fan: bool = False
    pump: bool = False


def simulated(
    compartment: Compartment, drivers: Drivers, step_s: float
) -> dict[str, FloatArray]:
    """Follow a compartment through time, from clean dry air and an empty sump.

    Fan and pump switch at thresholds, so each step needs the one before it.

    Parameters
    ----------
    compartment, drivers
        What acts in n steps.
    step_s
        Length of a step, short against the air changes. [s]

    Returns
    -------
    dict
        Array, shape (n,), for each of `METRICS`: state at the end of each step.
    """
    hours = step_s / 3600.0
    columns = (getattr(drivers, name).tolist() for name in _Step._fields)
    state = _State(
        oxygen=OUTDOOR_OXYGEN,
        methane=0.0,
        sulfide=0.0,
        temperature=compartment.ground
        + float(drivers.heat[0]) / compartment.wall_exchange,
        vapour=_saturation(compartment.ground) / 2,
        level=compartment.pump_off,
    )
    rows = []
    for step in map(_Step._make, zip(*columns, strict=True)):
        _switch(compartment, state, step)
        _breathe(compartment, state, step, hours)
        _drain(compartment, state, step, hours)
        rows.append(_row(state))
    return dict(zip(METRICS, np.array(rows).T.copy(), strict=True))


def _saturation(temperature: float) -> float:
    # The formula of `air.saturation_density`, without the cost of arrays.
    pressure = 610.94 * math.exp(17.625 * temperature / (temperature + 243.04))
    return pressure / (461.5 * (temperature + 273.15))


def _switch(compartment: Compartment, state: _State, step: _Step) -> None:
    """Let the local controller decide about fan and pump."""
    high = (
        state.methane >= compartment.methane_on
        or state.sulfide >= compartment.sulfide_on
    )
    low = (
        state.methane < compartment.methane_off
        and state.sulfide < compartment.sulfide_off
    )
    state.alarm = high or (state.alarm and not low)
    state.fan = bool(step.fan_works) and (bool(step.fan_timer) or state.alarm)
    full = state.level >= compartment.pump_on or bool(step.pump_timer)
    state.pump = state.level > compartment.pump_off and (full or state.pump)


def _breathe(
    compartment: Compartment, state: _State, step: _Step, hours: float
) -> None:
    """Exchange air with the outside and heat with the walls."""
    changes = compartment.natural_changes + compartment.hatch_changes * step.hatch
    exchanged = (changes + compartment.fan_changes * state.fan) * hours
    state.oxygen += exchanged * (OUTDOOR_OXYGEN - state.oxygen) - step.consumed * hours
    state.methane += step.methane * hours - exchanged * state.methane
    state.sulfide += step.sulfide * hours - exchanged * state.sulfide
    # Most heat of the air that comes in goes into the walls at once.
    state.temperature += (
        compartment.wall_exchange * hours * (compartment.ground - state.temperature)
        + compartment.air_share * exchanged * (step.outdoor - state.temperature)
        + step.heat * hours
    )
    saturated = _saturation(state.temperature)
    state.vapour += exchanged * (step.vapour - state.vapour)
    state.vapour += compartment.evaporation * hours * (saturated - state.vapour)
    state.vapour = min(state.vapour, saturated)


def _drain(compartment: Compartment, state: _State, step: _Step, hours: float) -> None:
    """Let water into the sump and pump it out, down to the float switch."""
    state.level = _filled(compartment, state.level, step.inflow * hours)
    if state.pump:
        pumped = _filled(compartment, state.level, -compartment.pump_rate * hours)
        state.level = max(pumped, compartment.pump_off)


def _filled(compartment: Compartment, level: float, added: float) -> float:
    """Level after some water was added or, if negative, taken away [m3]. [m]."""
    rim = compartment.sump_depth
    over = (level - rim) * compartment.floor_area if level > rim else 0.0
    # What the sump itself still takes, counted from its rim.
    volume = over + min(level - rim, 0.0) * compartment.sump_area + added
    if volume > 0:
        return rim + volume / compartment.floor_area
    return rim + volume / compartment.sump_area


def _row(state: _State) -> tuple[float, ...]:
    humidity = 100.0 * state.vapour / _saturation(state.temperature)
    return (
        state.oxygen,
        state.methane,
        state.sulfide,
        state.temperature,
        humidity,
        state.level,
        float(state.fan),
        float(state.pump),
    )
