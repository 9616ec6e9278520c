"""Series that rules may watch, with their devices and places, as columns.

A million series are some 50 MB here and were hundreds as objects. What is asked of
single ones is put together when it is asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from parkpulse.model.registry import SLOTS
from parkpulse.model.rule import Place
from parkpulse.store.rules import WatchedSeries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray, Int32Array
    from parkpulse.store.pool import Connection

    BoolArray = npt.NDArray[np.bool_]
    IntArray = npt.NDArray[np.integer]
    Codes = npt.NDArray[np.bytes_]

_NOWHERE = 0
"""Instead of the id of a place."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of few different texts.

    Parameters
    ----------
    names
        The texts, each once.
    code : array, shape (n,)
        Which of them each row has.
    """

    names: list[str]
    code: Int32Array

    @classmethod
    def of(cls, texts: Iterable[str]) -> Coded:
        """Make a column of texts, numbered as they first occur."""
        known: dict[str, int] = {}
        code = [known.setdefault(text, len(known)) for text in texts]
        return cls(list(known), np.array(code, np.int32))

    def codes(self, names: Iterable[str]) -> list[int]:
        """Return the numbers of those texts that occur, rising."""
        wanted = set(names)
        return [code for code, name in enumerate(self.names) if name in wanted]

    def where(self, rows: BoolArray) -> Coded:
        """Return the column of some rows."""
        return Coded(self.names, self.code[rows])


@dataclass(frozen=True, slots=True)
class Devices:
    """Devices by id; arrays of shape (d,)."""

    id: Int32Array
    park: Int32Array
    """Id of its park."""
    place: Int32Array
    """Id of its place, 0 for none."""
    report_interval_s: Int32Array
    is_active: BoolArray
    code: Codes
    kind: Coded
    tags: dict[int, tuple[str, ...]]
    """Of those that have any, by position."""


@dataclass(frozen=True)
class Surroundings:
    """Series by id with what rules and alerts need of their surroundings.

    Parameters
    ----------
    id, device, report_interval_s : arrays, shape (n,)
        Of each series; `device` is the position of its device.
    metric, kind
        Of each series.
    modulus : array, shape (n,)
        Where counters begin anew, NaN for nowhere.
    devices
        Devices that have series, and perhaps others.
    parks
        Code and zone of parks by id.
    places
        From a place outwards, by id.
    """

    id: Int32Array
    device: Int32Array
    report_interval_s: Int32Array
    metric: Coded
    kind: Coded
    modulus: FloatArray
    devices: Devices
    parks: dict[int, tuple[str, str]]
    places: dict[int, list[Place]]

    def __len__(self) -> int:
        return len(self.id)

    def __iter__(self) -> Iterator[WatchedSeries]:
        return map(self.at, range(len(self)))

    @property
    def park(self) -> Int32Array:
        """Id of the park of each series."""
        return self.devices.park[self.device]

    @cached_property
    def variant(self) -> IntArray:
        """Number for all that differs in rules' terms for a series, shape (n,)."""
        zones = sorted({zone for _, zone in self.parks.values()})
        parks, at = np.unique(self.park, return_inverse=True)
        of_park = [zones.index(self.parks[key][1]) for key in parks.tolist()]
        zone = np.array(of_park, np.int64)[at]
        found = zone * max(len(self.kind.names), 1) + self.kind.code
        for column in (self.report_interval_s, self.modulus):
            values, code = np.unique(column, return_inverse=True)
            found = found * max(len(values), 1) + code
        variant: IntArray = np.unique(found, return_inverse=True)[1]
        return variant

    def at(self, position: int) -> WatchedSeries:
        """Put together what is known of the series at a position."""
        holder = int(self.device[position])
        of = self.devices
        park_id = int(of.park[holder])
        park, zone = self.parks[park_id]
        place = int(of.place[holder])
        modulus = float(self.modulus[position])
        return WatchedSeries(
            id=int(self.id[position]),
            metric=self.metric.names[self.metric.code[position]],
            report_interval_s=int(self.report_interval_s[position]),
            park_id=park_id,
            park=park,
            device_id=int(of.id[holder]),
            device=of.code[holder].decode(),
            device_kind=of.kind.names[of.kind.code[holder]],
            place_id=place or None,
            places=self.places.get(place, []),
            kind=self.kind.names[self.kind.code[position]],
            modulus=None if math.isnan(modulus) else modulus,
            zone=zone,
            tags=of.tags.get(holder, ()),
        )

    def find(self, series: int) -> int | None:
        """Position of a series by its id."""
        at = int(np.searchsorted(self.id, series))
        return at if at < len(self.id) and self.id[at] == series else None

    def has_all(self, series: Int32Array) -> bool:
        """Whether all of these series are here."""
        if not len(self.id):
            return not len(series)
        at = np.minimum(np.searchsorted(self.id, series), len(self.id) - 1)
        return bool(np.all(self.id[at] == series))


def gathered(series: Sequence[WatchedSeries]) -> Surroundings:
    """Make columns of single series, by id."""
    holders = {each.device_id: each for each in series}
    held = [holders[key] for key in sorted(holders)]
    devices = Devices(
        id=np.array([each.device_id for each in held], np.int32),
        park=np.array([each.park_id for each in held], np.int32),
        place=np.array([each.place_id or _NOWHERE for each in held], np.int32),
        report_interval_s=np.array([each.report_interval_s for each in held], "i4"),
        is_active=np.ones(len(held), np.bool_),
        code=np.array([each.device.encode() for each in held], np.bytes_),
        kind=Coded.of(each.device_kind for each in held),
        tags={at: each.tags for at, each in enumerate(held) if each.tags},
    )
    found = [each.device_id for each in series]
    modulus = [math.nan if each.modulus is None else each.modulus for each in series]
    return Surroundings(
        id=np.array([each.id for each in series], np.int32),
        device=np.searchsorted(devices.id, found).astype(np.int32),
        report_interval_s=np.array([each.report_interval_s for each in series], "i4"),
        metric=Coded.of(each.metric for each in series),
        kind=Coded.of(each.kind for each in series),
        modulus=np.array(modulus, np.float64),
        devices=devices,
        parks={each.park_id: (each.park, each.zone) for each in series},
        places={each.place_id or _NOWHERE: each.places for each in held},
    )


NOTHING = gathered([])
"""No series."""


def load(conn: Connection, slots: Sequence[int]) -> Surroundings:
    """Read all series of the parks in these slots; none of retired devices."""
    wanted = [SLOTS, list(slots)]
    # Series first: what is registered meanwhile has no series here yet.
    ids, held_by, intervals, moduli, metrics, kinds = conn.execute(
        """
        select coalesce(string_agg(int4send(id), ''), ''),
            coalesce(string_agg(int4send(device_id), ''), ''),
            coalesce(string_agg(int4send(report_interval_s), ''), ''),
            coalesce(string_agg(float8send(coalesce(modulus, 'NaN')), ''), ''),
            json_agg(metric)::text, json_agg(kind)::text
        from (
            select s.* from series s join device d on d.id = s.device_id
            where d.state <> 'retired' and mod(d.park_id, %s) = any(%s)
            order by s.id) as of
        """,
        wanted,
    ).fetchall()[0]
    devices = _devices(conn, wanted)
    device_id = _int4(held_by)
    at = np.searchsorted(devices.id, device_id)
    at = np.minimum(at, max(len(devices.id) - 1, 0))
    is_here = np.zeros(len(device_id), np.bool_)
    if len(devices.id):
        is_here = devices.id[at] == device_id
    return Surroundings(
        id=_int4(ids)[is_here],
        device=at[is_here].astype(np.int32),
        report_interval_s=_int4(intervals)[is_here],
        metric=Coded.of(_texts(metrics)).where(is_here),
        kind=Coded.of(_texts(kinds)).where(is_here),
        modulus=np.frombuffer(moduli, ">f8").astype(np.float64)[is_here],
        devices=devices,
        parks={
            key: (code, zone)
            for key, code, zone in conn.execute("select id, code, zone from park")
        },
        places=_places(conn),
    )


def _devices(conn: Connection, wanted: Sequence[object]) -> Devices:
    ids, parks, places, intervals, active, codes, kinds = conn.execute(
        """
        select coalesce(string_agg(int4send(id), ''), ''),
            coalesce(string_agg(int4send(park_id), ''), ''),
            coalesce(string_agg(int4send(coalesce(place_id, 0)), ''), ''),
            coalesce(string_agg(int4send(report_interval_s), ''), ''),
            coalesce(string_agg(int4send((state = 'active')::integer), ''), ''),
            json_agg(code)::text, json_agg(kind)::text
        from (
            select * from device
            where state <> 'retired' and mod(park_id, %s) = any(%s)
            order by id) as of
        """,
        wanted,
    ).fetchall()[0]
    device_id = _int4(ids)
    rows = conn.execute(
        """
        select id, options ->> 'tags' from device
        where options ? 'tags' and state <> 'retired' and mod(park_id, %s) = any(%s)
        """,
        wanted,
    )
    tagged = {key: tuple((tags or "").split()) for key, tags in rows}
    at = np.searchsorted(device_id, list(tagged))
    return Devices(
        id=device_id,
        park=_int4(parks),
        place=_int4(places),
        report_interval_s=_int4(intervals),
        is_active=_int4(active) > 0,
        code=np.array([each.encode() for each in _texts(codes)], np.bytes_),
        kind=Coded.of(_texts(kinds)),
        tags={
            place: tags
            for place, (key, tags) in zip(at.tolist(), tagged.items(), strict=True)
            if place < len(device_id) and device_id[place] == key
        },
    )


def _places(conn: Connection) -> dict[int, list[Place]]:
    rows = conn.execute(
        """
        with recursive around (id, depth, place, code, kind) as (
            select p.id, 0, p.id, p.code, p.kind from place p
            union all
            select around.id, around.depth + 1, outer_place.id, outer_place.code,
                outer_place.kind
            from around
            join place inner_place on inner_place.id = around.place
            join place outer_place on outer_place.id = inner_place.parent_id
            where around.depth < 32
        )
        select id, code, kind from around order by id, depth
        """
    )
    found: dict[int, list[Place]] = {}
    for key, code, kind in rows:
        found.setdefault(key, []).append(Place(code, kind))
    return found


def _int4(data: bytes) -> Int32Array:
    return np.frombuffer(data, ">i4").astype(np.int32)


def _texts(column: str | None) -> list[str]:
    return [] if column is None else msgspec.json.decode(column, type=list[str])
