"""Green power, retired certificates and sold attributes in the renewable share.

E_ren = own generation whose attributes are kept + settled green power + retired
certificates, each kWh once, never more than E_DC. Sources: EN 50600-4-3 (ISO/IEC
30134-3), EU 2024/1364 Annex III(d), rules of China's green certificates (GEC).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import FloatArray

Kind = Literal["certificate", "green_power", "sold"]
Refusal = Literal["not_retired", "expired", "generated_after_use", "metered"]
FOREVER = 2**62
"""Stands for a day that never comes. [d]"""


@dataclass(frozen=True, slots=True)
class Attribute:
    """Environmental attributes of an amount of energy; days are ordinal numbers.

    Parameters
    ----------
    kind
        Retired certificate, settled green power with its certificates, or attributes
        of own generation that were sold.
    volume
        Energy that it stands for. [kWh]
    generated_from
        First day of the generation.
    valid_to
        First day on which it can no longer be retired.
    retired_on
        When it was retired, `FOREVER` if it was not.
    used_from, used_to
        Days [from, to) of consumption that it is retired for.
    """

    kind: Kind
    volume: float
    generated_from: int
    valid_to: int
    retired_on: int
    used_from: int
    used_to: int


def refusal(each: Attribute, *, is_metered: bool) -> Refusal | None:
    """Why attributes do not count, None if they do.

    Parameters
    ----------
    each
        What is judged; sold attributes always count, against the share.
    is_metered
        Whether a meter counts green power already.
    """
    if each.kind == "sold":
        return None
    if each.kind == "green_power" and is_metered:
        return "metered"
    # Retired after the year that it serves is retired all the same.
    if each.retired_on == FOREVER:
        return "not_retired"
    if each.retired_on >= each.valid_to:
        return "expired"
    if each.generated_from >= each.used_to:
        return "generated_after_use"
    return None


def share(each: Attribute, start: int, end: int) -> float:
    """Part of the volume that belongs to the days [start, end). [kWh]."""
    days = min(each.used_to, end) - max(each.used_from, start)
    return each.volume * max(days, 0) / (each.used_to - each.used_from)


@dataclass(frozen=True, slots=True)
class Renewable:
    """What a period's renewable energy consists of. [kWh].

    Parameters
    ----------
    total
        E_ren before the cap at E_DC.
    certificates, green_power
        What retired certificates and settled green power add.
    sold
        What sold attributes take away, at most the own generation.
    """

    total: float
    certificates: float
    green_power: float
    sold: float


def renewable(
    metered: float, own: float, counted: Sequence[tuple[Kind, float]], known: float
) -> Renewable:
    """Add up a period's renewable energy.

    Parameters
    ----------
    metered
        E_ren by the meters: own generation - export + metered green power. [kWh]
    own
        The part of it that is own generation - export. [kWh]
    counted
        Kind and energy of each row of the ledger in this period. [kWh]
    known
        Share of the period's time that the meters cover: what the ledger adds is
        reduced by it, as E_DC is.
    """
    sums = dict.fromkeys(("certificate", "green_power", "sold"), 0.0)
    for kind, energy in counted:
        sums[kind] += energy * known
    sold = min(sums["sold"], max(own, 0.0))
    total = metered - sold + sums["green_power"] + sums["certificate"]
    return Renewable(total, sums["certificate"], sums["green_power"], sold)


def residual_emissions(
    emissions: FloatArray, grid: FloatArray, bought: FloatArray
) -> FloatArray:
    """Emissions of grid energy after certificates took some of it away. [kgCO2].

    Parameters
    ----------
    emissions : array, shape (k,)
        Of all the grid energy, with the residual factors. [kgCO2]
    grid : array, shape (k,)
        Grid energy. [kWh]
    bought : array, shape (k,)
        Energy that certificates or contracts free of emissions; negative where
        attributes were sold. [kWh]
    """
    left = np.divide(grid - bought, grid, out=np.zeros_like(grid), where=grid > 0.0)
    found: FloatArray = emissions * np.maximum(left, 0.0)
    return found
