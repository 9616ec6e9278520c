"""Meter trees of data centres and the targets that their KPIs are compared with."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from parkpulse.model.registry import Role
    from parkpulse.store.pool import Connection

FOREVER_US = 2**62
"""Stands for infinity among instants. [us]"""


class Meter(NamedTuple):
    """A series in its role in a data centre."""

    id: int
    series_id: int
    role: Role
    metric: str
    kind: str
    report_interval_s: int
    modulus: float | None
    max_power_kw: float | None
    valid_from_us: int
    valid_to_us: int


@dataclass(frozen=True, slots=True)
class Tree:
    """A data centre with its meters, by id."""

    id: int
    code: str
    park_id: int
    park: str
    zone: str
    commissioned: date
    standard_racks: int
    meters: Sequence[Meter]
    grid_region: str = "CN"


class TargetRow(NamedTuple):
    """A dated target and its scope."""

    id: int
    kpi: str
    comparison: Literal["lt", "ge"]
    value: float
    coverage_floor: float
    valid_from: date
    valid_to: date | None
    commissioned_from: date | None
    min_standard_racks: int
    source: str
    source_zh: str = ""
    """In Chinese; empty: as `source`."""

    def binds(self, commissioned: date, standard_racks: int) -> bool:
        """Whether its scope holds a data centre."""
        since = self.commissioned_from
        return standard_racks >= self.min_standard_racks and (
            since is None or commissioned >= since
        )

    def is_in_force(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def trees(conn: Connection, slots: Sequence[int]) -> list[Tree]:
    """All data centres of the parks in these slots, by id."""
    meters: dict[int, list[Meter]] = defaultdict(list)
    for data_centre_id, *row in conn.execute(
        """
        select m.data_centre_id, m.id, m.series_id, m.role, s.metric, s.kind,
            s.report_interval_s, s.modulus, s.max_power_kw,
            case when isfinite(m.valid_from)
                then (extract(epoch from m.valid_from) * 1000000)::bigint
                else %(from)s end,
            case when isfinite(m.valid_to)
                then (extract(epoch from m.valid_to) * 1000000)::bigint
                else %(to)s end
        from meter m join series s on s.id = m.series_id
        order by m.id
        """,
        {"from": -FOREVER_US, "to": FOREVER_US},
    ):
        meters[data_centre_id].append(Meter(*row))
    rows = conn.execute(
        """
        select c.id, c.code, c.park_id, p.code, p.zone, c.commissioned,
            c.standard_racks, c.grid_region
        from data_centre c join park p on p.id = c.park_id
        where mod(c.park_id, 64) = any(%s)
        order by c.id
        """,
        [list(slots)],
    )
    return [
        Tree(key, code, park_id, park, zone, commissioned, racks, meters[key], region)
        for key, code, park_id, park, zone, commissioned, racks, region in rows
    ]


def targets(conn: Connection) -> list[TargetRow]:
    """All targets, newest first."""
    rows = conn.execute(
        """
        select id, kpi, comparison, value, coverage_floor, valid_from, valid_to,
            commissioned_from, min_standard_racks, source, source_zh
        from target order by valid_from desc, id desc
        """
    )
    return [TargetRow(*row) for row in rows]
