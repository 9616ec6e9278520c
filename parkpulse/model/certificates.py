"""Rows of the ledger of green power, certificates and sold attributes."""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

AttributeKind = Literal["certificate", "green_power", "sold"]
KWH_PER_CERTIFICATE = 1000.0


class AttributeSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Environmental attributes of an amount of energy; dates are [from, to)."""

    serial: Annotated[str, Meta(pattern=r"^[!-~]{1,128}$")]
    """Of the certificate or the settlement; one serial counts once, anywhere.

    A batch is `FIRST..LAST`: `GEC0001..GEC0100` are 100 certificates.
    """
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


class Fault(NamedTuple):
    """What is wrong with a row."""

    row: int
    """Its index."""
    field: str
    text: str


class SerialRange(NamedTuple):
    """Serials that differ in their last digits only, both ends included."""

    prefix: str
    width: int
    """Number of last digits."""
    first: int
    last: int


BETWEEN = ".."
"""Stands between the first and the last serial of a batch."""
_LAST_DIGITS = re.compile(r"(.*?)(\d+)", re.ASCII | re.DOTALL)


def serial_range(serial: str) -> SerialRange | None:
    """Read the serials that a text stands for; None if it does not end with digits.

    Raises
    ------
    ValueError
        It is a batch whose ends do not belong together.
    """
    first, is_batch, last = serial.partition(BETWEEN)
    begin = _LAST_DIGITS.fullmatch(first)
    end = _LAST_DIGITS.fullmatch(last) if is_batch else begin
    if not is_batch and begin is None:
        return None
    if begin is None or end is None or len(first) != len(last or first):
        message = "both ends of a batch must end with as many digits"
        raise ValueError(message)
    digits = begin[2]
    found = SerialRange(begin[1], len(digits), int(digits), int(end[2]))
    if begin[1] != end[1] or found.last < found.first:
        message = "the last serial of a batch must follow its first"
        raise ValueError(message)
    return found


def faults(specs: Sequence[AttributeSpec], taken: Iterable[str]) -> Iterator[Fault]:
    """Find rows that cannot stand in the ledger, at most one fault of each.

    Parameters
    ----------
    specs
        New rows.
    taken
        Serials of the rows that stay beside them.
    """
    seen = _Serials()
    for serial in taken:
        with contextlib.suppress(ValueError):
            seen.add(serial, serial_range(serial))
    for row, spec in enumerate(specs):
        try:
            found = serial_range(spec.serial)
        except ValueError as error:
            yield Fault(row, "serial", str(error))
            continue
        other = seen.overlapping(spec.serial, found)
        wrong = ("serial", f"counts already, in {other!r}") if other else None
        wrong = wrong or _wrong(spec, found)
        if wrong:
            yield Fault(row, *wrong)
        else:
            seen.add(spec.serial, found)


class _Serials:
    """Serials that do not overlap each other."""

    def __init__(self) -> None:
        self._plain: set[str] = set()
        self._ranges: dict[tuple[str, int], list[tuple[int, int, str]]] = defaultdict(
            list
        )

    def add(self, serial: str, found: SerialRange | None) -> None:
        """Take one more."""
        if found is None:
            self._plain.add(serial)
            return
        ranges = self._ranges[found.prefix, found.width]
        item = (found.first, found.last, serial)
        ranges.insert(bisect_right(ranges, item), item)

    def overlapping(self, serial: str, found: SerialRange | None) -> str | None:
        """Find one that shares a serial with this."""
        if found is None:
            return serial if serial in self._plain else None
        ranges = self._ranges.get((found.prefix, found.width), [])
        # As they do not overlap each other, only the last to begin before the end can.
        index = bisect_right(ranges, found.last, key=lambda item: item[0]) - 1
        if index >= 0 and ranges[index][1] >= found.first:
            return ranges[index][2]
        return None


def _wrong(spec: AttributeSpec, found: SerialRange | None) -> tuple[str, str] | None:
    """Field and what is wrong with it."""
    count = found.last - found.first + 1 if found else 1
    if spec.generated_from >= spec.generated_to:
        return "generated_to", "must be after generated_from"
    if spec.used_from >= spec.used_to:
        return "used_to", "must be after used_from"
    if spec.end_of_validity < spec.generated_to:
        return "valid_to", "must not be before generated_to"
    if spec.kind == "certificate" and spec.volume_kwh % KWH_PER_CERTIFICATE:
        return "volume_kwh", "must be a multiple of 1000 kWh, one certificate's"
    if count > 1 and spec.volume_kwh != count * KWH_PER_CERTIFICATE:
        return "volume_kwh", f"of a batch of {count} must be {count * 1000} kWh"
    return None
