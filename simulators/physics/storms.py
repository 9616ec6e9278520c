"""Rain: storms with a Chicago hyetograph and gauges that tip."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray


# Storm intensity q = 1869.916 (1 + 0.7573 lg P) / (t + 11.0911)^0.6645 [L/(s ha)], with
# t in minutes and P in years: handed down as the formula of Jinan. The publication was
# not at hand: take it as a stand-in of the form and order that Shandong's cities have.
CURVE_A, CURVE_C = 1869.916, 0.7573
CURVE_B_S = 11.0911 * 60.0
CURVE_N = 0.6645
_MM_PER_LITRE_A_HECTARE = 1e-4


@dataclass(frozen=True, slots=True)
class Storms:
    """Some storms at one place.

    Parameters
    ----------
    start_s, duration_s : arrays, shape (n,)
        Begin in seconds since 1970 UTC, and length. [s]
    depth_mm : array, shape (n,)
        Rain of the whole storm. [mm]
    peak : array, shape (n,)
        Share of the duration before the greatest intensity, between 0 and 1. [-]
    """

    start_s: FloatArray
    duration_s: FloatArray
    depth_mm: FloatArray
    peak: FloatArray

    @property
    def end_s(self) -> FloatArray:
        """When each storm is over. [s]."""
        return self.start_s + self.duration_s


def joined(first: Storms, second: Storms) -> Storms:
    """Join two sets of storms."""
    return Storms(
        np.concatenate([first.start_s, second.start_s]),
        np.concatenate([first.duration_s, second.duration_s]),
        np.concatenate([first.depth_mm, second.depth_mm]),
        np.concatenate([first.peak, second.peak]),
    )


def chosen(storms: Storms, which: npt.NDArray[np.bool_]) -> Storms:
    """Keep the storms where `which` is true."""
    return Storms(
        storms.start_s[which],
        storms.duration_s[which],
        storms.depth_mm[which],
        storms.peak[which],
    )


def design_depth(duration_s: float, return_period: float) -> float:
    """Depth of the storm that is met once in a return period.

    Parameters
    ----------
    duration_s
        Length of the storm. [s]
    return_period
        P, at least a year. [a]

    Returns
    -------
    float
        Depth by the formula above. [mm]
    """
    minutes = duration_s / 60.0
    intensity = CURVE_A * (1.0 + CURVE_C * math.log10(return_period))
    intensity /= (minutes + CURVE_B_S / 60.0) ** CURVE_N
    return float(intensity * _MM_PER_LITRE_A_HECTARE * duration_s)


def _curve_depth(duration_s: FloatArray) -> FloatArray:
    """Depth of the intensity-duration curve, with a = 1."""
    depth: FloatArray = duration_s / (duration_s + CURVE_B_S) ** CURVE_N
    return depth


def fallen_share(
    elapsed_s: FloatArray, duration_s: FloatArray, peak: FloatArray
) -> FloatArray:
    """Share of a storm's rain that has fallen, by the Chicago hyetograph.

    Parameters
    ----------
    elapsed_s : array
        Time since the storm began; before 0 and after the duration is allowed. [s]
    duration_s : array
        Length of the storm. [s]
    peak : array
        Share of the duration before the peak. [-]

    Returns
    -------
    array
        From 0 to 1, never falling in `elapsed_s`. [-]

    References
    ----------
    .. [1] C. J. Keifer, H. H. Chu, "Synthetic storm pattern for drainage design",
       J. Hydraulics Division ASCE 83(4), 1957.
    """
    elapsed = np.clip(elapsed_s, 0.0, duration_s)
    peak_s = peak * duration_s
    whole = _curve_depth(duration_s)
    before = peak * (1.0 - _curve_depth(np.maximum(peak_s - elapsed, 0) / peak) / whole)
    after = (1.0 - peak) * (
        _curve_depth(np.maximum(elapsed - peak_s, 0) / (1 - peak)) / whole
    )
    share: FloatArray = before + after
    return np.clip(share, 0.0, 1.0)


def accumulated(storms: Storms, times_s: FloatArray) -> FloatArray:
    """Rain fallen until each time, of all storms.

    Parameters
    ----------
    storms
        n storms.
    times_s : array, shape (m,)
        Seconds since 1970 UTC. [s]

    Returns
    -------
    array, shape (m,)
        Never falling in time. [mm]
    """
    elapsed = times_s[None, :] - storms.start_s[:, None]
    share = fallen_share(elapsed, storms.duration_s[:, None], storms.peak[:, None])
    total: FloatArray = np.cumsum(storms.depth_mm[:, None] * share, axis=0)[-1:]
    return total[0] if len(total) else np.zeros(len(times_s))


def tipped(fallen_mm: FloatArray, bucket_mm: float) -> FloatArray:
    """Read a tipping-bucket gauge: whole buckets only. [mm]."""
    # A storm's depth may be a whole number of buckets but for rounding.
    tips = np.floor(fallen_mm / bucket_mm + 1e-6)
    return np.round(tips * bucket_mm, 3)
