"""What sensors say of one another: rain and level, neighbours, flood and power.

Each function answers with a finding or None; the thresholds are starting values.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

Code = Literal[
    "rise_without_rain",
    "rain_without_rise",
    "gauge_disagrees",
    "gauge_dry",
    "flood_near_power",
]


class Finding(NamedTuple):
    """What does not fit together, with the figures it was judged by."""

    code: Code
    value: float
    expected: float


def rain_and_level(
    rain_mm: float,
    rise_m: float,
    *,
    dry_mm: float = 1.0,
    wet_mm: float = 30.0,
    risen_m: float = 0.10,
    still_m: float = 0.01,
) -> Finding | None:
    """Compare the rain and the rise of a level in the same hours, such as 6.

    A rise without rain is a burst pipe, a backwater or a shifted sensor; heavy rain
    without any response is a stuck or silted sensor.
    """
    if rain_mm < dry_mm and rise_m > risen_m:
        return Finding("rise_without_rain", rise_m, 0.0)
    if rain_mm >= wet_mm and rise_m < still_m:
        return Finding("rain_without_rise", rise_m, still_m)
    return None


def neighbours(
    own_mm: float,
    others_mm: list[float],
    *,
    wet_mm: float = 10.0,
    ratio: float = 3.0,
) -> Finding | None:
    """Compare a gauge with its neighbours over the same hours, such as 24.

    A gauge without rain amid rain is clogged or cut off; one that differs from the
    median of at least two neighbours by the ratio disagrees.
    """
    good = [each for each in others_mm if not np.isnan(each)]
    if not good or np.isnan(own_mm):
        return None
    usual = float(np.median(good))
    if own_mm == 0 and min(good) >= wet_mm:
        return Finding("gauge_dry", own_mm, usual)
    if len(good) < 2 or max(own_mm, usual) < wet_mm:  # noqa: PLR2004 - a median of one
        return None
    if own_mm > ratio * usual or own_mm * ratio < usual:
        return Finding("gauge_disagrees", own_mm, usual)
    return None


def flood_and_power(
    depth_m: float, power_kw: float, *, alarm_m: float = 0.05
) -> Finding | None:
    """Tell of water near a machine hall or switch room that is under power."""
    if depth_m >= alarm_m and power_kw > 0:
        return Finding("flood_near_power", depth_m, alarm_m)
    return None
