"""Series as people see them: what is measured where, and its newest reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
from msgspec import Struct

from parkpulse.model import instants
from parkpulse.model.registry import Name
from parkpulse.query import devices, paging
from parkpulse.query.newest import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from parkpulse.query.catalogue import Device, Park, Series
    from parkpulse.query.limits import Limit, Limits
    from parkpulse.query.live import Live, ParkNow
    from parkpulse.query.paging import Key, Page


SeriesOrder = Literal["device", "-device", "metric", "-metric", "place", "-place"]
Entry = tuple["Device", "Series"]
"""A series with its device."""


@dataclass(frozen=True, slots=True)
class SeriesFilter:
    """Which series; an empty collection stands for all."""

    metric: Collection[str] = ()
    device: Collection[str] = ()
    place: str | None = None
    """Code of a place; the places within it count too."""
    group: Collection[str] = ()
    q: str | None = None
    """Words that must all be in the names of device, metric or place."""


class ReadingView(Struct, frozen=True, gc=False):
    """A reading of a series that is named elsewhere."""

    ts: datetime
    value: float
    quality: int
    stale: bool


class LatestView(Struct, frozen=True, gc=False):
    """The newest reading of a series."""

    series: int
    ts: datetime
    value: float
    quality: int
    stale: bool


@dataclass(frozen=True, slots=True)
class SeriesView:
    """One metric of a device, as it is now."""

    id: int
    device: str
    device_name: Name
    device_kind: str
    place: str | None
    metric: str
    metric_name: Name
    unit: str
    kind: str
    group: str
    report_interval_s: int
    latest: ReadingView | None
    limits: Sequence[Limit]


def latest(seen: ParkNow) -> list[LatestView]:
    """Newest readings of all series of a park that have one."""
    return _latest(seen, seen.newest.ts != NEVER)


def _latest(seen: ParkNow, which: NDArray[np.bool_]) -> list[LatestView]:
    newest = seen.newest
    times = newest.ts[which].tolist()
    # Many series have the same: those of a device, of a park that reports on the hour.
    moments = {ts: instants.from_us(ts) for ts in set(times)}
    rows = zip(
        newest.series[which].tolist(),
        times,
        newest.value[which].tolist(),
        newest.quality[which].tolist(),
        seen.stale[which].tolist(),
        strict=True,
    )
    return [
        LatestView(series, moments[ts], value, quality, stale)
        for series, ts, value, quality, stale in rows
    ]


def listing(seen: ParkNow, wanted: SeriesFilter) -> list[Entry]:
    """All series that were asked for, by device and metric."""
    places = devices.within(seen.park, wanted.place)
    words = (wanted.q or "").casefold().split()
    return [
        (device, series)
        for device in seen.park.devices
        if places is None or device.place in places
        for series in device.series
        if _matches(device, series, wanted)
        and (not words or _mentions(seen.park, (device, series), words))
    ]


def views(seen: ParkNow, entries: Sequence[Entry], limits: Limits) -> list[SeriesView]:
    """Series as they are now, in the same order."""
    ids = [series.id for _, series in entries]
    which = (seen.newest.ts != NEVER) & np.isin(seen.newest.series, ids)
    newest = {
        each.series: ReadingView(each.ts, each.value, each.quality, each.stale)
        for each in _latest(seen, which)
    }
    return [
        view(device, series, newest.get(series.id), limits.get(series.id, ()))
        for device, series in entries
    ]


def one(live: Live, series_id: int) -> SeriesView:
    """Find one series as it is now; raises NotFoundError."""
    found = live.catalogue.series(series_id)
    entry = (found.device, found.series)
    return views(live.look(found.park), [entry], live.limits)[0]


def page(
    seen: ParkNow,
    entries: Sequence[Entry],
    limits: Limits,
    limit: int,
    cursor: str | None,
    order: SeriesOrder = "device",
) -> Page[SeriesView]:
    """One page of series in this order, then by device and metric."""
    of = _ORDERS[order.removeprefix("-")]

    def key(entry: Entry) -> Key:
        return (of(entry), entry[0].code, entry[1].metric.name)

    found = paging.cut(entries, key, order=order, limit=limit, cursor=cursor)
    return paging.Page(views(seen, found.items, limits), found.next)


def view(
    device: Device,
    series: Series,
    newest: ReadingView | None,
    limits: Sequence[Limit],
) -> SeriesView:
    """One series as it is now."""
    metric = series.metric
    return SeriesView(
        id=series.id,
        device=device.code,
        device_name=device.name,
        device_kind=device.kind,
        place=device.place,
        metric=metric.name,
        metric_name=Name(metric.zh, metric.en),
        unit=metric.unit,
        kind=series.kind,
        group=metric.group,
        report_interval_s=series.report_interval_s,
        latest=newest,
        limits=limits,
    )


_ORDERS: dict[str, Callable[[Entry], str]] = {
    "device": lambda entry: entry[0].code,
    "metric": lambda entry: entry[1].metric.name,
    "place": lambda entry: entry[0].place or "",
}


def _mentions(park: Park, entry: Entry, words: Sequence[str]) -> bool:
    device, series = entry
    names = [device.code, *_both(device.name), series.metric.name]
    names += [series.metric.zh, series.metric.en]
    for place in park.places:
        if place.code == device.place:
            names += [place.code, *_both(place.name)]
    text = " ".join(names).casefold()
    return all(word in text for word in words)


def _both(name: Name) -> tuple[str, str]:
    return name.zh, name.en


def _matches(device: Device, series: Series, wanted: SeriesFilter) -> bool:
    return (
        (not wanted.device or device.code in wanted.device)
        and (not wanted.metric or series.metric.name in wanted.metric)
        and (not wanted.group or series.metric.group in wanted.group)
    )
