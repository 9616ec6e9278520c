"""CUE, WUE, ERF and CER as sums over the meters of a data centre.

ISO/IEC 30134-6 (ERF), -7 (CER), -8 (CUE), -9 (WUE); EU 2024/1364 Annexes II and III.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from analytics import kpi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.arrays import FloatArray
    from analytics.kpi import Formula, Sums

_LITRES = 1000.0
POTABLE = {"water_potable": _LITRES}
ALL_WATER = {"water_potable": _LITRES, "water_other": _LITRES}
NET_WATER = {**ALL_WATER, "water_reuse": -_LITRES}
GRID = {"grid_import": 1.0, "foreign_load": -1.0}
"""Roles whose energy carries the grid's emissions; it feeds the load of others."""
BOUGHT = {**GRID, "green_power": -1.0}
"""The same after metered green power, which is free of emissions by contract."""
CARBON = ("cue_location", "cue_market")


def formulas(roles: Sequence[str]) -> list[Formula]:
    """Which of these KPIs a data centre with meters of these roles can have.

    Parameters
    ----------
    roles
        Role of each meter.
    """
    known = [each for each in kpi.formulas(roles) if each.kpi == "pue"]
    if not known:
        return [*_heat(roles)]
    pue = known[-1]
    return [*_carbon(roles, pue), *_water(roles, pue), *_heat(roles)]


def _carbon(roles: Sequence[str], pue: Formula) -> list[Formula]:
    """Take the energies of a PUE, so that its hours serve for the emissions too."""
    of = (pue.kpi, pue.category)
    location = replace(
        pue,
        kpi="cue_location",
        numerator=_signs(roles, pue, GRID),
        source=of,
    )
    if "green_power" not in roles:
        return [location, replace(location, kpi="cue_market")]
    denominator = dict(zip(pue.meters, pue.denominator, strict=True))
    meters = tuple(
        index
        for index, role in enumerate(roles)
        if index in pue.meters or role == "green_power"
    )
    market = kpi.Formula(
        "cue_market",
        pue.category,
        meters,
        tuple(BOUGHT.get(roles[index], 0.0) for index in meters),
        tuple(denominator.get(index, 0.0) for index in meters),
    )
    return [location, market]


def _signs(
    roles: Sequence[str], formula: Formula, of: Mapping[str, float]
) -> tuple[float, ...]:
    return tuple(of.get(roles[index], 0.0) for index in formula.meters)


def _water(roles: Sequence[str], pue: Formula) -> list[Formula]:
    kinds = [POTABLE, ALL_WATER, NET_WATER]
    needed = ["water_potable", "water_other", "water_reuse"]
    it = dict(zip(pue.meters, pue.denominator, strict=True))
    it_signs = [it.get(index, 0.0) for index in range(len(roles))]
    return [
        kpi.formula("wue", category, [kind.get(role, 0.0) for role in roles], it_signs)
        for category, (kind, role) in enumerate(
            zip(kinds, needed, strict=True), start=1
        )
        if role in roles
    ]


def _heat(roles: Sequence[str]) -> list[Formula]:
    found = []
    facility = [kpi.FACILITY.get(role, 0.0) for role in roles]
    if "heat_reuse" in roles and max(facility) > 0.0:
        found.append(kpi.formula("erf", 0, _of(roles, "heat_reuse"), facility))
    if "heat_removed" in roles and "cooling" in roles:
        removed, cooling = _of(roles, "heat_removed"), _of(roles, "cooling")
        found.append(kpi.formula("cer", 0, removed, cooling))
    return found


def _of(roles: Sequence[str], wanted: str) -> list[float]:
    return [float(role == wanted) for role in roles]


def derived(formula: Formula, sums: Sums, column: Sequence[int]) -> Sums:
    """Turn sums of a formula's source into its own.

    Parameters
    ----------
    formula : Formula
        One with a source.
    sums : Sums
        Of its source.
    column : sequence
        For each meter of the formula, its column in `sums.meter`; -1 if it has none.
    """
    energy, estimated = (
        _weighed(formula, sums, column, 0),
        _weighed(formula, sums, column, 1),
    )
    return replace(sums, numerator=energy, numerator_estimated=estimated)


def _weighed(
    formula: Formula, sums: Sums, column: Sequence[int], which: int
) -> FloatArray:
    total = sums.numerator * 0.0
    for sign, index in zip(formula.numerator, column, strict=True):
        if sign and index >= 0:
            total += sign * sums.meter[:, index, which]
    return total
