"""Rows of the dated tables: certificates, factors, operating points, design months."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Self

import msgspec
from msgspec import Meta, Struct
from typing_extensions import override

from parkpulse.model.certificates import AttributeKind, AttributeSpec
from parkpulse.model.outlook import OperatingPoint, PointName
from parkpulse.store.design import DesignMonth
from parkpulse.store.factors import FactorKind, FactorSpec

if TYPE_CHECKING:
    from parkpulse.model.certificates import Attribute
    from parkpulse.store.factors import FactorRow

_Code = Annotated[str, Meta(min_length=1)]
_Text = Annotated[str, Meta(min_length=1, max_length=1000)]
_Positive = Annotated[float, Meta(gt=0, lt=1e12)]
_NotNegative = Annotated[float, Meta(ge=0, lt=1e12)]


class _Row(Struct, frozen=True, forbid_unknown_fields=True):
    """A row of any table."""

    def completed(self) -> Self:
        """Fill in what an empty cell stands for."""
        return self


class CertificateRow(_Row, frozen=True):
    """A row of the ledger; dates are [from, to)."""

    park: _Code
    data_centre: _Code
    serial: Annotated[str, Meta(pattern=r"^[!-~]{1,128}$")]
    kind: AttributeKind
    volume_kwh: _Positive
    generated_from: date
    generated_to: date
    used_from: date
    used_to: date
    source: _Text
    retired_on: date | None = None
    valid_to: date | None = None

    @classmethod
    def of(cls, park: str, data_centre: str, found: Attribute) -> CertificateRow:
        """Write what the ledger holds as a row."""
        fields = {
            name: getattr(found, name) for name in AttributeSpec.__struct_fields__
        }
        return cls(park, data_centre, **fields)

    def spec(self) -> AttributeSpec:
        """Read as the ledger takes it."""
        names = AttributeSpec.__struct_fields__
        return AttributeSpec(**{name: getattr(self, name) for name in names})

    @override
    def completed(self) -> Self:
        return msgspec.structs.replace(self, valid_to=self.spec().end_of_validity)


class FactorLine(_Row, frozen=True):
    """An emission factor [kgCO2/kWh], in force from a day on."""

    region: _Code
    kind: FactorKind
    valid_from: date
    factor: _NotNegative
    source: _Text

    @classmethod
    def of(cls, found: FactorRow) -> FactorLine:
        """Write a stored factor as a row."""
        return cls(*found[1:6])

    def spec(self) -> FactorSpec:
        """Read as the store takes it."""
        return FactorSpec(*msgspec.structs.astuple(self))


class PointRow(_Row, frozen=True):
    """An operating point of GB 40879."""

    park: _Code
    data_centre: _Code
    point: PointName
    time_share: Annotated[float, Meta(ge=0, le=1)]
    total_kw: _NotNegative
    it_kw: _Positive
    measured_on: date
    source: _Text

    @classmethod
    def of(cls, park: str, data_centre: str, found: OperatingPoint) -> PointRow:
        """Write a stored point as a row."""
        return cls(park, data_centre, *msgspec.structs.astuple(found))

    def spec(self) -> OperatingPoint:
        """Read as the store takes it."""
        return OperatingPoint(*msgspec.structs.astuple(self)[2:])


class DesignRow(_Row, frozen=True):
    """A month of the design energy model."""

    park: _Code
    data_centre: _Code
    month: Annotated[int, Meta(ge=1, le=12)]
    facility_kwh: _Positive
    it_kwh: _Positive
    it_load_kw: _Positive
    source: _Text

    @classmethod
    def of(cls, park: str, data_centre: str, found: DesignMonth) -> DesignRow:
        """Write a stored month as a row."""
        return cls(park, data_centre, *found)

    def spec(self) -> DesignMonth:
        """Read as the store takes it."""
        return DesignMonth(*msgspec.structs.astuple(self)[2:])


Line = CertificateRow | FactorLine | PointRow | DesignRow
