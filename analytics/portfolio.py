"""Ratios of several data centres together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analytics.arrays import FloatArray


def ratio_of_sums(numerator: FloatArray, denominator: FloatArray) -> float:
    """Sum of numerators / sum of denominators; NaN without a denominator. [-]."""
    whole = float(denominator.sum())
    return float(numerator.sum()) / whole if whole > 0.0 else float("nan")


def weighted_mean(value: FloatArray, energy: FloatArray) -> float:
    """Mean of ratios weighted by total energy consumption. [-].

    Parameters
    ----------
    value : array, shape (n,)
        The KPI of each data centre. [-]
    energy : array, shape (n,)
        E_DC of each. [kWh]

    References
    ----------
    .. [1] Delegated Regulation (EU) 2024/1364, Annex III: aggregation of indicators.
    """
    whole = float(energy.sum())
    known = bool(np.isfinite(value).all()) and whole > 0.0
    return float((value * energy).sum()) / whole if known else float("nan")
