"""The dated tables: what their rows are, how they come out of and into the store."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from parkpulse.registry.energy.rows import (
    CertificateRow,
    DesignRow,
    FactorLine,
    PointRow,
)
from parkpulse.store import certificates, design, factors, operating_points, parks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from parkpulse.registry.energy.rows import Line
    from parkpulse.store.pool import Connection


class Fault(NamedTuple):
    """What is wrong with a line."""

    line: Line
    text: str


class Sheet(NamedTuple):
    """One of the tables.

    Parameters
    ----------
    name
        Also of the file, without `.csv`.
    row
        What a row is.
    keys
        Columns that together name a row.
    load
        Reads all rows.
    put
        Takes new and changed rows in, in the order of the file; tells what is wrong.
    """

    name: str
    row: type[Any]
    keys: tuple[str, ...]
    load: Callable[[Connection], list[Any]]
    put: Callable[[Connection, Sequence[Any]], list[Fault]]

    @property
    def header(self) -> list[str]:
        """All columns."""
        return list(self.row.__struct_fields__)

    @property
    def required(self) -> set[str]:
        """Columns that a file must have."""
        fields = msgspec.structs.fields(self.row)
        return {each.name for each in fields if each.required}

    def key(self, line: Line) -> tuple[Any, ...]:
        """Name of a row."""
        return tuple(getattr(line, name) for name in self.keys)


class _Centre(NamedTuple):
    id: int
    park: str
    code: str


def _centres(conn: Connection) -> list[_Centre]:
    names = {park.id: park.code for park in parks.parks(conn)}
    return [
        _Centre(each.id, names[each.park_id], each.code)
        for each in parks.data_centres(conn)
    ]


def _by_centre(
    conn: Connection, lines: Iterable[Any], unknown: list[Fault]
) -> Iterator[tuple[int, list[Any]]]:
    """Lines of each data centre, in their order."""
    ids = {(each.park, each.code): each.id for each in _centres(conn)}
    found = defaultdict(list)
    for line in lines:
        key = (line.park, line.data_centre)
        if key in ids:
            found[ids[key]].append(line)
        else:
            text = f"park {line.park!r} has no data centre {line.data_centre!r}"
            unknown.append(Fault(line, text))
    yield from sorted(found.items())


def _load_certificates(conn: Connection) -> list[CertificateRow]:
    return [
        CertificateRow.of(centre.park, centre.code, each)
        for centre in _centres(conn)
        for each in certificates.load(conn, centre.id)
    ]


def _put_certificates(conn: Connection, lines: Sequence[CertificateRow]) -> list[Fault]:
    wrong: list[Fault] = []
    for centre, some in _by_centre(conn, lines, wrong):
        specs = [each.spec() for each in some]
        found = certificates.faults(conn, centre, specs)
        wrong += [Fault(some[each.row], f"{each.field} {each.text}") for each in found]
        bad = {each.row for each in found}
        good = [spec for row, spec in enumerate(specs) if row not in bad]
        certificates.apply(conn, centre, good)
    return wrong


def _load_factors(conn: Connection) -> list[FactorLine]:
    return [FactorLine.of(each) for each in reversed(factors.load(conn))]


def _put_factors(conn: Connection, lines: Sequence[FactorLine]) -> list[Fault]:
    factors.apply(conn, [each.spec() for each in lines])
    return []


def _load_points(conn: Connection) -> list[PointRow]:
    return [
        PointRow.of(centre.park, centre.code, each)
        for centre in _centres(conn)
        for each in operating_points.load(conn, centre.id)
    ]


_ALL = 1.0 + 1e-9


def _put_points(conn: Connection, lines: Sequence[PointRow]) -> list[Fault]:
    wrong: list[Fault] = []
    for centre, some in _by_centre(conn, lines, wrong):
        known = {each.point: each for each in operating_points.load(conn, centre)}
        known |= {each.point: each.spec() for each in some}
        share = sum(each.time_share for each in known.values())
        if share > _ALL:
            text = f"time_share of all points together is {share:g}, more than 1"
            wrong.append(Fault(some[-1], text))
        wrong += [
            Fault(each, "total_kw must not be below it_kw")
            for each in some
            if each.total_kw < each.it_kw
        ]
        operating_points.apply(conn, centre, list(known.values()))
    return wrong


def _load_design(conn: Connection) -> list[DesignRow]:
    return [
        DesignRow.of(centre.park, centre.code, each)
        for centre in _centres(conn)
        for each in design.load(conn, centre.id)
    ]


def _put_design(conn: Connection, lines: Sequence[DesignRow]) -> list[Fault]:
    wrong: list[Fault] = []
    for centre, some in _by_centre(conn, lines, wrong):
        bad = [each for each in some if each.facility_kwh < each.it_kwh]
        wrong += [Fault(each, "facility_kwh must not be below it_kwh") for each in bad]
        known = {each.month: each for each in design.load(conn, centre)}
        known |= {each.month: each.spec() for each in some if each not in bad}
        design.apply(conn, centre, list(known.values()))
    return wrong


_OF_CENTRE = ("park", "data_centre")
SHEETS = (
    Sheet(
        "certificates",
        CertificateRow,
        ("serial",),
        _load_certificates,
        _put_certificates,
    ),
    Sheet(
        "emission_factors",
        FactorLine,
        ("region", "kind", "valid_from"),
        _load_factors,
        _put_factors,
    ),
    Sheet(
        "operating_points", PointRow, (*_OF_CENTRE, "point"), _load_points, _put_points
    ),
    Sheet(
        "design_energy", DesignRow, (*_OF_CENTRE, "month"), _load_design, _put_design
    ),
)


def of_header(header: Sequence[str]) -> Sheet | None:
    """Find the table that a header belongs to."""
    columns = set(header)
    for sheet in SHEETS:
        if sheet.required <= columns <= set(sheet.header):
            return sheet
    return None
