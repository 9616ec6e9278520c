"""Water that is stored and drained: linear reservoirs and a pumped hollow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import signal

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray


def routed(inflow: FloatArray, step_s: float, constant_s: float) -> FloatArray:
    """Outflow of a linear reservoir, S = k Q, that is empty at first.

    Parameters
    ----------
    inflow : array, shape (n,)
        Mean inflow of each step. [m3/s]
    step_s
        Length of a step. [s]
    constant_s
        Storage constant k. [s]

    Returns
    -------
    array, shape (n,)
        Outflow at the end of each step. Nothing is lost: over a time after which the
        reservoir is empty again the sums of inflow and outflow are equal. [m3/s]

    References
    ----------
    .. [1] J. E. Nash, "The form of the instantaneous unit hydrograph", IASH 1957.
    """
    keep = float(np.exp(-step_s / constant_s))
    outflow: FloatArray = signal.lfilter([1.0 - keep], [1.0, -keep], inflow)
    return outflow


def decayed(
    added: FloatArray, start: float, step_s: float, constant_s: float
) -> FloatArray:
    """Stock that gains `added` in each step and loses a fixed share of itself.

    Parameters
    ----------
    added : array, shape (n,)
        Gain of each step.
    start
        Stock before the first step.
    step_s, constant_s
        Length of a step, time after which 1/e is left. [s]

    Returns
    -------
    array, shape (n,)
        Stock at the end of each step, in the unit of `added`.
    """
    keep = float(np.exp(-step_s / constant_s))
    stock, _ = signal.lfilter([1.0], [1.0, -keep], added, zi=np.array([keep * start]))
    kept: FloatArray = stock
    return kept


def pumped(
    inflow: FloatArray, step_s: float, capacity: float | FloatArray
) -> FloatArray:
    """Water in a hollow that a pump drains, from empty.

    Parameters
    ----------
    inflow : array, shape (n,)
        Mean inflow of each step. [m3/s]
    step_s
        Length of a step. [s]
    capacity
        What the pump takes away at most, always or in each step. [m3/s]

    Returns
    -------
    array, shape (n,)
        Volume at the end of each step, never below 0. [m3]
    """
    surplus = np.cumsum((inflow - capacity) * step_s)
    lowest = np.minimum(np.minimum.accumulate(surplus), 0.0)
    volume: FloatArray = surplus - lowest
    return volume
