"""Power in a data centre: losses by load, cooling by weather, photovoltaics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.physics import air

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array

# Loss of a UPS as shares of its rating: idle, in proportion to the load, to its square.
_UPS_IDLE = 0.0065
_UPS_LINEAR = 0.011
_UPS_SQUARE = 0.012
_FULL_ECONOMISER = 9.0
_NO_ECONOMISER = 19.0
_AIR_MOVING = 0.097
_STANDARD_TEMPERATURE = 25.0
_PV_PER_DEGREE = -0.0038
_PV_SYSTEM = 0.86
_CUT_IN, _RATED_SPEED, _CUT_OUT = 3.0, 11.5, 25.0
_STORAGE_WAY = 0.95
_STORAGE_RAMP_S = 900
_HEATING_PER_IRRADIANCE = 0.028
"""How much warmer than the air a module is. [K per W/m2]"""


def ups_input(
    load: FloatArray, rating: float, worse: float | FloatArray = 0.0
) -> FloatArray:
    """Power drawn by a UPS.

    Parameters
    ----------
    load : array
        Power delivered. [W]
    rating
        Most that it can deliver. [W]
    worse
        By which share of itself the loss is greater than usual. [-]

    Returns
    -------
    array
        Load and loss; the loss falls with the load but not to 0. [W]
    """
    share = load / rating
    loss = rating * (_UPS_IDLE + _UPS_LINEAR * share + _UPS_SQUARE * share * share)
    drawn: FloatArray = load + loss * (1.0 + worse)
    return drawn


def cooling(
    heat: FloatArray,
    temperature: FloatArray,
    humidity: FloatArray,
    penalty: float | FloatArray = 0.0,
) -> FloatArray:
    """Power of the cooling plant: chillers as far as the economiser does not do it.

    Parameters
    ----------
    heat : array
        Heat to remove. [W]
    temperature : array
        Of the outdoor air. [degC]
    humidity : array
        Of the outdoor air. [%RH]
    penalty
        By which share of itself the chillers need more than usual, as when one of them
        has failed and the others run beyond their best point. [-]

    Returns
    -------
    array
        Fans and pumps, and chillers when the wet bulb is too warm. [W]
    """
    wet_bulb = air.wet_bulb(temperature, np.clip(humidity, 5.0, 99.0))
    span = _NO_ECONOMISER - _FULL_ECONOMISER
    mechanical = np.clip((wet_bulb - _FULL_ECONOMISER) / span, 0.0, 1.0)
    per_heat = 0.135 + 0.004 * np.clip(temperature - 15.0, 0.0, 25.0)
    chillers = mechanical * per_heat * (1.0 + penalty)
    power: FloatArray = heat * (_AIR_MOVING + chillers)
    return power


def photovoltaic(
    irradiance: FloatArray, temperature: FloatArray, peak: float
) -> FloatArray:
    """Power of photovoltaic modules behind their inverters.

    Parameters
    ----------
    irradiance : array
        Onto the modules. [W/m2]
    temperature : array
        Of the outdoor air. [degC]
    peak
        Power of the modules under standard test conditions. [W]

    Returns
    -------
    array
        0 without light, never negative. [W]
    """
    cell = temperature + _HEATING_PER_IRRADIANCE * irradiance
    derating = 1.0 + _PV_PER_DEGREE * (cell - _STANDARD_TEMPERATURE)
    power: FloatArray = peak * irradiance / 1000.0 * _PV_SYSTEM * derating
    return np.maximum(power, 0.0)


def wind_turbine(speed: FloatArray, rated: float) -> FloatArray:
    """Power of wind turbines: cubic from cut-in to rated speed, none in a storm.

    Parameters
    ----------
    speed : array
        Of the wind at the hub. [m/s]
    rated
        Power from the rated speed on. [W]

    Returns
    -------
    array
        [W]
    """
    rising = (speed**3 - _CUT_IN**3) / (_RATED_SPEED**3 - _CUT_IN**3)
    running = (speed >= _CUT_IN) & (speed < _CUT_OUT)
    power: FloatArray = rated * np.clip(rising, 0.0, 1.0) * running
    return power


def storage(second: Int64Array, capacity_kwh: float) -> tuple[FloatArray, FloatArray]:
    """Powers of a battery that charges at night and discharges in the evening.

    Parameters
    ----------
    second : array, shape (n,)
        Time of the day. [s]
    capacity_kwh
        What is stored every night. [kWh]

    Returns
    -------
    tuple of arrays, shape (n,)
        Charge and discharge; a day's discharge is what was stored, less the losses of
        both ways. [W]
    """
    charging = _trapezoid((second - 23 * 3600) % 86400, 8 * 3600)
    discharging = _trapezoid((second - 17 * 3600) % 86400, 4 * 3600)
    stored = capacity_kwh * 3.6e6
    return charging * stored / _STORAGE_WAY, discharging * stored * _STORAGE_WAY


def _trapezoid(second: Int64Array, lasts_s: int) -> FloatArray:
    """Curve from 0 up, on, and back to 0 within `lasts_s`; its integral is 1."""
    edge = np.minimum(second, lasts_s - second) / _STORAGE_RAMP_S
    shape: FloatArray = np.clip(edge, 0.0, 1.0) / (lasts_s - _STORAGE_RAMP_S)
    return shape


def energy(power: FloatArray, step_s: float) -> FloatArray:
    """Energy from the first node on, of a power that is linear between its nodes.

    Parameters
    ----------
    power : array, shape (n,)
        At nodes `step_s` apart. [W]
    step_s
        Distance of the nodes. [s]

    Returns
    -------
    array, shape (n,)
        0 at the first node; exact for the piecewise linear power. [kWh]
    """
    steps = (power[1:] + power[:-1]) * (step_s / 2 / 3.6e6)
    return np.concatenate([[0.0], np.cumsum(steps)])


def between(
    at_nodes: FloatArray, power: FloatArray, step_s: float, elapsed_s: FloatArray
) -> FloatArray:
    """Energy at any time, of a power that is linear between its nodes.

    Parameters
    ----------
    at_nodes : array, shape (n,)
        What `energy` returned. [kWh]
    power : array, shape (n,)
        At the nodes. [W]
    step_s
        Distance of the nodes. [s]
    elapsed_s : array, shape (m,)
        Times since the first node, not after the last. [s]

    Returns
    -------
    array, shape (m,)
        [kWh]
    """
    node = np.minimum((elapsed_s // step_s).astype(np.int64), len(power) - 2)
    within = elapsed_s - node * step_s
    slope = (power[node + 1] - power[node]) / step_s
    more = (power[node] * within + slope * within * within / 2) / 3.6e6
    total: FloatArray = at_nodes[node] + more
    return total
