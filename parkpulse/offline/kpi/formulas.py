"""Which figures the columns of a file allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analytics.kpi import Formula
from parkpulse.offline.kpi import spec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.kpi import Kpi

BOUNDARY = {**spec.BOUNDARY, "renewable_onsite": 1.0}


class Figures(NamedTuple):
    """Formulas over the columns, None where columns are lacking.

    Parameters
    ----------
    pue
        By category.
    total
        E_DC alone, as the denominator.
    ref, ref_hourly
        E_ren over E_DC.
    water
        WUE by category.
    others
        ERF and CER by name.
    it
        E_IT alone, as the denominator.
    """

    pue: dict[int, Formula]
    total: Formula | None
    ref: Formula | None
    ref_hourly: Formula | None
    water: dict[int, Formula]
    others: dict[str, Formula]
    it: Formula | None


def figures(roles: Sequence[str]) -> Figures:
    """Choose formulas for columns with these roles."""
    facility = _facility(roles)
    it = {category: [role] for role, category in spec.IT.items() if role in roles}
    water = _waters(roles, it)
    others = _others(roles, facility)
    best = _weights(roles, dict.fromkeys(it[max(it)], 1.0)) if it else []
    only_it = _formula("pue", 0, [0.0] * len(roles), best) if it else None
    if not any(facility):
        return Figures({}, None, None, None, water, others, only_it)
    pue = {
        category: _formula(
            "pue", category, facility, _weights(roles, dict.fromkeys(of, 1.0))
        )
        for category, of in it.items()
    }
    total = _formula("ref", 0, [0.0] * len(roles), facility)
    counted = {**spec.RENEWABLE, "certificates": 0.0}
    if "renewable_onsite" in roles:
        counted |= spec.OWN
    renewable = _weights(roles, counted)
    known = any(role in spec.RENEWABLE for role in roles)
    return Figures(
        pue,
        total,
        _formula("ref", 0, renewable, facility) if known else None,
        _formula("ref_hourly", 0, renewable, facility) if any(renewable) else None,
        water,
        others,
        only_it,
    )


def _facility(roles: Sequence[str]) -> list[float]:
    """Weights of E_DC: the total, what crosses the boundary, or the sum of the parts.

    Of points of IT measurement that lie behind each other only the first counts.
    """
    if "total" in roles:
        return _weights(roles, {"total": 1.0})
    if "grid_import" in roles:
        return _weights(roles, BOUNDARY)
    first = next((role for role in spec.IT if role in roles), None)
    if first is None or not any(role in spec.PARTS for role in roles):
        return [0.0] * len(roles)
    return _weights(roles, dict.fromkeys((first, *spec.PARTS), 1.0))


def _waters(
    roles: Sequence[str], it: Mapping[int, Sequence[str]]
) -> dict[int, Formula]:
    """WUE of the water that is known: potable, all that enters, less what is reused."""
    potable, entering = "water_potable" in roles, spec.WATER_IN
    known = {
        1: {"water_potable": entering["water_potable"]} if potable else {},
        2: entering if any(role in entering for role in roles) else {},
        3: spec.WATER if "water_reuse" in roles else {},
    }
    best = _weights(roles, dict.fromkeys(it[max(it)], 1.0)) if it else []
    return {
        category: _formula("pue", 0, _weights(roles, water), best)
        for category, water in known.items()
        if water and it
    }


def _others(roles: Sequence[str], facility: Sequence[float]) -> dict[str, Formula]:
    found = {}
    if "heat_reuse" in roles and any(facility):
        found["erf"] = _formula(
            "ref", 0, _weights(roles, {"heat_reuse": 1.0}), facility
        )
    if "heat_removed" in roles and "cooling" in roles:
        heat = _weights(roles, {"heat_removed": 1.0})
        found["cer"] = _formula("pue", 0, heat, _weights(roles, {"cooling": 1.0}))
    return found


def _weights(roles: Sequence[str], of: Mapping[str, float]) -> list[float]:
    return [of.get(role, 0.0) for role in roles]


def _formula(
    kpi: Kpi, category: int, numerator: Sequence[float], denominator: Sequence[float]
) -> Formula:
    pairs = list(zip(numerator, denominator, strict=True))
    meters = tuple(index for index, pair in enumerate(pairs) if any(pair))
    return Formula(
        kpi,
        category,
        meters,
        tuple(numerator[index] for index in meters),
        tuple(denominator[index] for index in meters),
    )
