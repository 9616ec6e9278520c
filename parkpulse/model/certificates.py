"""Rows of the ledger of green power, certificates and sold attributes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

AttributeKind = Literal["certificate", "green_power", "sold"]
KWH_PER_CERTIFICATE = 1000.0


class AttributeSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Environmental attributes of an amount of energy; dates are [from, to)."""

    serial: Annotated[str, Meta(pattern=r"^[!-~]{1,128}$")]
    """Of the certificate or the settlement; one serial counts once, anywhere."""
    kind: AttributeKind
    volume_kwh: Annotated[float, Meta(gt=0, lt=1e12)]
    generated_from: date
    generated_to: date
    used_from: date
    """The consumption that it is retired for."""
    used_to: date
    source: str
    retired_on: date | None = None
    valid_to: date | None = None
    """First day on which it can no longer be retired; two years after generation."""

    @property
    def end_of_validity(self) -> date:
        """Day from which it can no longer be retired."""
        if self.valid_to is not None:
            return self.valid_to
        end = self.generated_to
        try:
            return end.replace(year=end.year + 2)
        except ValueError:
            # 29 February
            return date(end.year + 2, 3, 1)


class Attribute(Struct, frozen=True):
    """A row of the ledger as people and programs see it."""

    id: int
    serial: str
    kind: AttributeKind
    volume_kwh: float
    generated_from: date
    generated_to: date
    valid_to: date
    retired_on: date | None
    used_from: date
    used_to: date
    source: str
