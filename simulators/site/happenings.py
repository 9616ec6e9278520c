"""What befalls a site at a known time: a flood, a gas leak, a failed chiller."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parkpulse.model.packed import FloatArray, Int64Array


class Happening(NamedTuple):
    """Something that goes on in [start, end).

    Parameters
    ----------
    kind
        What it is: `flood`, `gas`, `chiller_failure`.
    start_s, end_s
        Seconds since 1970 UTC. [s]
    size
        How strong it is, in the unit of its kind.
    target
        What it befalls, where there are several; empty: all.
    """

    kind: str
    start_s: int
    end_s: int
    size: float
    target: str = ""


Happenings = tuple[Happening, ...]


def strength(
    happenings: Iterable[Happening], kind: str, times_s: Int64Array, target: str = ""
) -> FloatArray:
    """Add up the sizes of what goes on at each time.

    Parameters
    ----------
    happenings
        Of all kinds.
    kind
        The kind that counts.
    times_s : array, shape (n,)
        Seconds since 1970 UTC. [s]
    target
        Only what befalls this, or everything.

    Returns
    -------
    array, shape (n,)
        0 when nothing of the kind goes on.
    """
    total = np.zeros(len(times_s))
    for each in happenings:
        if each.kind == kind and each.target in ("", target):
            going_on = (times_s >= each.start_s) & (times_s < each.end_s)
            total += each.size * going_on
    return total
