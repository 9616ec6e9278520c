"""Random numbers that are a function of seed, stream and index.

No state is kept, so any part of a simulation can be computed at any time, in any
order, again and again, with the same result.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray, Int64Array

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 2.0**-53


@lru_cache(maxsize=4096)
def _key(seed: int, stream: str) -> np.uint64:
    digest = hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _mixed(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return bits ^ (bits >> np.uint64(31))


def uniform(seed: int, stream: str, index: Int64Array) -> FloatArray:
    """Draw numbers between 0 and 1, both excluded.

    Parameters
    ----------
    seed
        Seed of the whole simulation.
    stream
        What the numbers are for; streams are independent of each other.
    index : array, shape (n,)
        Which number of the stream: a day, a time in seconds.

    Returns
    -------
    array, shape (n,)
        One number for each index. [-]

    References
    ----------
    .. [1] G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number
       generators", OOPSLA 2014 (the mixing function of SplitMix64).
    """
    key = _key(seed, stream)
    bits = _mixed(index.astype(np.uint64) * _GOLDEN + key)
    return (_mixed(bits ^ key) >> np.uint64(11)).astype(np.float64) * _TO_UNIT + (
        _TO_UNIT / 2
    )


def normal(seed: int, stream: str, index: Int64Array) -> FloatArray:
    """Draw numbers of the standard normal distribution; see `uniform`."""
    drawn: FloatArray = special.ndtri(uniform(seed, stream, index))
    return drawn


def smooth(seed: int, stream: str, times_s: Int64Array, knot_s: int) -> FloatArray:
    """Draw a smooth random curve: normal at every time, alike within `knot_s`.

    Parameters
    ----------
    seed, stream
        As in `uniform`.
    times_s : array, shape (n,)
        Seconds since 1970 UTC. [s]
    knot_s
        Distance of the independent values that the curve joins. [s]

    Returns
    -------
    array, shape (n,)
        Mean 0 and variance 1 at every time. [-]
    """
    knots, within = np.divmod(times_s, knot_s)
    first = int(knots.min()) if len(knots) else 0
    count = int(knots.max()) - first + 2 if len(knots) else 0
    at_knots = normal(seed, stream, np.arange(first, first + count, dtype=np.int64))
    share = within / knot_s
    weight = share * share * (3.0 - 2.0 * share)
    place = knots - first
    curve = (1.0 - weight) * at_knots[place] + weight * at_knots[place + 1]
    steadied: FloatArray = curve / np.sqrt((1.0 - weight) ** 2 + weight**2)
    return steadied


def smooth_by_lane(
    seed: int, stream: str, lane: Int64Array, times_s: Int64Array, knot_s: int
) -> FloatArray:
    """Draw smooth random curves like `smooth`, an independent one for each lane.

    Parameters
    ----------
    seed, stream, knot_s
        As in `smooth`.
    lane, times_s : arrays, shape (n,)
        Which curve, below 2^29, and where on it. [s]

    Returns
    -------
    array, shape (n,)
        Mean 0 and variance 1 at every time. [-]
    """
    knots, within = np.divmod(times_s, knot_s)
    index = lane * (1 << 34) + knots
    share = within / knot_s
    weight = share * share * (3.0 - 2.0 * share)
    before, after = normal(seed, stream, index), normal(seed, stream, index + 1)
    steadied: FloatArray = ((1.0 - weight) * before + weight * after) / np.sqrt(
        (1.0 - weight) ** 2 + weight**2
    )
    return steadied
