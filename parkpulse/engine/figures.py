"""What a figure rests on beside its meters: certificates, emission factors. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import certificates, kpi
from analytics.certificates import Attribute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from analytics.kpi import Formula, Sums
    from parkpulse.model.certificates import Attribute as AttributeRow
    from parkpulse.model.packed import FloatArray
    from parkpulse.store.factors import FactorKind, FactorRow

_FUELS: dict[str, FactorKind] = {
    "generator": "generator",
    "fuel": "fuel",
    "delivered_cooling": "delivered_cooling",
}
"""Roles with emission factors of their own."""
COUNTRY = "CN"
"""Region whose factors serve where a region has none of that kind."""


class Counted(NamedTuple):
    """A row of the ledger in a figure."""

    id: int
    kwh: float
    """What of it counts in the period, before it is reduced by coverage."""
    refused: str | None


class Emissions(NamedTuple):
    """Emissions of a period; None where a factor is missing. [kgCO2]."""

    grid: float | None
    other: float | None

    @property
    def total(self) -> float:
        """Sum, not below 0; NaN where a factor is missing. [kgCO2]."""
        if self.grid is None or self.other is None:
            return float("nan")
        return max(self.grid + self.other, 0.0)


class Figure(NamedTuple):
    """Numerator and value of one KPI of one period."""

    numerator: float
    """[kWh; WUE L]"""
    value: float
    emissions: Emissions | None = None
    factors: tuple[int, ...] = ()
    attributes: tuple[Counted, ...] = ()


class Stretch(NamedTuple):
    """A period as the ledger sees it: civil days [first, last), and known share."""

    first: date
    last: date
    known: float
    """Time that the meters cover / elapsed time. [-]"""


@dataclass(frozen=True, slots=True)
class Row:
    """One period of a formula's sums."""

    sums: Sums
    index: int
    meter_ids: Sequence[int]

    @property
    def numerator(self) -> float:
        """What the meters say. [kWh; WUE L]."""
        return float(self.sums.numerator[self.index])

    @property
    def denominator(self) -> float:
        """What the meters say. [kWh]."""
        return float(self.sums.denominator[self.index])

    def meters(self) -> list[tuple[int, float]]:
        """Id and energy of each meter. [kWh]."""
        energies = self.sums.meter[self.index, :, 0].tolist()
        return list(zip(self.meter_ids, energies, strict=True))


@dataclass(frozen=True, slots=True)
class Books:
    """Ledger and factors of a data centre.

    Parameters
    ----------
    region
        Whose grid factors hold.
    roles
        Role of each meter, by id.
    attributes
        The ledger of certificates, green power and sold attributes.
    factors
        All emission factors, newest first.
    """

    region: str = COUNTRY
    roles: Mapping[int, str] = field(default_factory=dict)
    attributes: Sequence[AttributeRow] = ()
    factors: Sequence[FactorRow] = ()

    def factor(self, kind: FactorKind, day: date) -> FactorRow | None:
        """Find the factor in force on a day."""
        dated = [f for f in self.factors if f.kind == kind and f.valid_from <= day]
        own = [f for f in dated if f.region == self.region]
        return next(iter(own or [f for f in dated if f.region == COUNTRY]), None)

    def renewable(self, formula: Formula, row: Row, stretch: Stretch) -> Figure:
        """Make an annual renewable share: the meters and the ledger."""
        counted = self._counted(stretch)
        kinds = {each.id: each.kind for each in self.attributes}
        own = sum(
            kpi.RENEWABLE[role] * energy
            for meter_id, energy in row.meters()
            if (role := self.roles.get(meter_id)) in kpi.RENEWABLE
            and role != "green_power"
        )
        found = certificates.renewable(
            row.numerator,
            own,
            [(kinds[each.id], each.kwh) for each in counted if not each.refused],
            stretch.known,
        )
        value = _value(formula, found.total, row.denominator)
        return Figure(found.total, value, attributes=counted)

    def _counted(self, stretch: Stretch) -> tuple[Counted, ...]:
        first, last = stretch.first.toordinal(), stretch.last.toordinal()
        is_metered = "green_power" in self.roles.values()
        found = []
        for each in self.attributes:
            attribute = _attribute(each)
            part = certificates.share(attribute, first, last)
            if part:
                refused = certificates.refusal(attribute, is_metered=is_metered)
                found.append(Counted(each.id, 0.0 if refused else part, refused))
        return tuple(found)

    def carbon(self, formula: Formula, row: Row, day: date) -> Figure:
        """Make a CUE of a day or of a part of it, when factors do not change."""
        kind: FactorKind = "grid" if formula.kpi == "cue_location" else "residual"
        used: list[FactorRow | None] = []
        grid = _product(row.numerator, self.factor(kind, day), used)
        other = 0.0
        for meter_id, energy in row.meters():
            role = self.roles.get(meter_id)
            if role is None and energy:
                # A meter that is no longer registered: nobody knows what it fed.
                grid = float("nan")
            fuel = _FUELS.get(role or "")
            if fuel is not None:
                other += _product(energy, self.factor(fuel, day), used)
        return _emitted(row.numerator, row.denominator, grid, other)._replace(
            factors=tuple(sorted({each.id for each in used if each is not None}))
        )

    @staticmethod
    def carbon_folded(row: Row, emitted: FloatArray) -> Figure:
        """Make a CUE of a longer period from the emissions of its days.

        Parameters
        ----------
        row
            Sums of its days.
        emitted : array, shape (2,)
            Emissions by the grid and by other sources, NaN if unknown. [kgCO2]
        """
        grid, other = map(float, emitted)
        return _emitted(row.numerator, row.denominator, grid, other)

    def carbon_bought(self, row: Row, emitted: FloatArray, stretch: Stretch) -> Figure:
        """Make an annual market-based CUE: what was bought carries no emissions."""
        counted = self._counted(stretch)
        kinds = {each.id: each.kind for each in self.attributes}
        energies = [(kinds[each.id], each.kwh) for each in counted if not each.refused]
        bought = certificates.renewable(0.0, float("inf"), energies, stretch.known)
        one = np.array([row.numerator])
        (grid,) = certificates.residual_emissions(
            emitted[:1], one, np.array([bought.total])
        )
        return _emitted(
            max(row.numerator - bought.total, 0.0),
            row.denominator,
            float(grid),
            float(emitted[1]),
        )._replace(attributes=counted)


def _attribute(row: AttributeRow) -> Attribute:
    retired = row.retired_on
    return Attribute(
        row.kind,
        row.volume_kwh,
        row.generated_from.toordinal(),
        row.valid_to.toordinal(),
        certificates.FOREVER if retired is None else retired.toordinal(),
        row.used_from.toordinal(),
        row.used_to.toordinal(),
    )


def _value(formula: Formula, numerator: float, denominator: float) -> float:
    return float(
        kpi.value(formula.kpi, np.array([numerator]), np.array([denominator]))[0]
    )


def _product(
    energy: float, factor: FactorRow | None, used: list[FactorRow | None]
) -> float:
    """Emissions of an energy [kgCO2]; NaN without a factor, unless there is none."""
    if not energy:
        return 0.0
    used.append(factor)
    return float("nan") if factor is None else factor.factor * energy


def _emitted(energy: float, denominator: float, grid: float, other: float) -> Figure:
    emissions = Emissions(
        None if np.isnan(grid) else grid, None if np.isnan(other) else other
    )
    value = emissions.total / denominator if denominator > 0.0 else float("nan")
    return Figure(energy, value, emissions)
