"""Energy efficiency of data centres by GB 40879-2021: RM1, RM2 and the grade.

The limits of the grades are those of the edition of 2021; a revision (project
20251056-Q-469) was opened in 2025.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from analytics.arrays import FloatArray

POINTS: Final = ("a", "b", "c", "d", "e")
"""The five operating points, by outdoor temperature."""
LIMITS: Final = ((1, 1.20), (2, 1.30), (3, 1.50))
"""Greatest ratio of each grade; that of grade 3 is the mandatory limit."""
HOURS: Final = 8760.0
_SHARE_TOLERANCE = 1e-3


def annual_energy(power: FloatArray, share: FloatArray) -> float:
    """Energy of a year from the power at the operating points. [kWh].

    Parameters
    ----------
    power : array, shape (5,)
        Mean power at each operating point. [kW]
    share : array, shape (5,)
        Part of the year that has each point's outdoor temperature; sums to 1. [-]

    Raises
    ------
    ValueError
        There are not five points, or the parts do not sum to 1.
    """
    if power.shape != (len(POINTS),) or share.shape != power.shape:
        message = "GB 40879 has five operating points"
        raise ValueError(message)
    if not abs(float(share.sum()) - 1.0) <= _SHARE_TOLERANCE:
        message = "the parts of the year must sum to 1"
        raise ValueError(message)
    return HOURS * float((share * power).sum())


def rm1(total: FloatArray, it: FloatArray, share: FloatArray) -> float:
    """Ratio by operating points, E_C / E_CIT; NaN without IT energy. [-].

    Parameters
    ----------
    total, it : arrays, shape (5,)
        Power of the data centre and of its IT equipment at each point. [kW]
    share : array, shape (5,)
        As in `annual_energy`. [-]
    """
    it_energy = annual_energy(it, share)
    energy = annual_energy(total, share)
    return energy / it_energy if it_energy > 0.0 else float("nan")


def grade(ratio: float) -> int | None:
    """Grade of a ratio, unrounded; None above the mandatory limit or for NaN."""
    return next((number for number, limit in LIMITS if ratio <= limit), None)


def is_sound(total: FloatArray, it: FloatArray) -> bool:
    """Whether the data centre drew at least what its IT equipment drew."""
    return bool(np.all(total >= it))
