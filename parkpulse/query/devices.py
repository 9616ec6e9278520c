"""Devices and series as people see them: names, state, newest reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from parkpulse.model import instants
from parkpulse.query import paging
from parkpulse.query.live import moment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from parkpulse.model.registry import Name
    from parkpulse.query.catalogue import Device, Park
    from parkpulse.query.live import ParkNow
    from parkpulse.query.paging import Key, Page

_LONGEST = 100
"""So much of a name counts in an order, for it stands in cursors."""
Language = Literal["en", "zh"]
DeviceOrder = Literal[
    "code",
    "-code",
    "name",
    "-name",
    "kind",
    "-kind",
    "place",
    "-place",
    "state",
    "-state",
    "last_ts",
    "-last_ts",
]


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """Which devices; an empty collection stands for all."""

    state: Collection[str] = ()
    kind: Collection[str] = ()
    place: str | None = None
    """Code of a place; the places within it count too."""
    q: str | None = None
    """Part of the code or of a name, in any case."""
    silent: bool | None = None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device as it is now."""

    code: str
    name: Name
    kind: str
    place: str | None
    state: str
    clock: str
    report_interval_s: int
    last_received_at: datetime | None
    last_ts: datetime | None
    silent: bool


def listing(seen: ParkNow, wanted: DeviceFilter) -> list[DeviceView]:
    """All devices that were asked for, by code."""
    places = within(seen.park, wanted.place)
    return [
        view
        for view in _views(seen)
        if (places is None or view.place in places) and _matches(view, wanted)
    ]


def page(
    views: Sequence[DeviceView],
    order: DeviceOrder,
    language: Language,
    limit: int,
    cursor: str | None,
) -> Page[DeviceView]:
    """One page of devices in this order; names as in this language."""

    def key(view: DeviceView) -> Key:
        return (_sort_value(view, order.removeprefix("-"), language), view.code)

    return paging.cut(views, key, order=order, limit=limit, cursor=cursor)


def within(park: Park, place: str | None) -> set[str] | None:
    """Codes of a place and of all places in it; None for no restriction."""
    if place is None:
        return None
    found = {place}
    while grown := {
        each.code
        for each in park.places
        if each.parent in found and each.code not in found
    }:
        found |= grown
    return found


def _views(seen: ParkNow) -> Iterator[DeviceView]:
    rows = zip(
        seen.park.devices,
        seen.device_ts.tolist(),
        seen.device_received.tolist(),
        seen.silent.tolist(),
        strict=True,
    )
    for device, ts, received, silent in rows:
        yield _view(device, ts, received, is_silent=silent)


def _view(device: Device, ts: int, received: int, *, is_silent: bool) -> DeviceView:
    return DeviceView(
        code=device.code,
        name=device.name,
        kind=device.kind,
        place=device.place,
        state=device.state,
        clock=device.clock,
        report_interval_s=device.report_interval_s,
        last_received_at=moment(received),
        last_ts=moment(ts),
        silent=is_silent and device.state == "active",
    )


def _matches(view: DeviceView, wanted: DeviceFilter) -> bool:
    return (
        (not wanted.state or view.state in wanted.state)
        and (not wanted.kind or view.kind in wanted.kind)
        and (wanted.silent is None or view.silent is wanted.silent)
        and (wanted.q is None or _mentions(view, wanted.q.casefold()))
    )


def _mentions(view: DeviceView, text: str) -> bool:
    names = (view.code, view.name.zh, view.name.en)
    return any(text in name.casefold() for name in names)


def _sort_value(view: DeviceView, name: str, language: Language) -> str | int:
    if name == "last_ts":
        return instants.to_us(view.last_ts) if view.last_ts else 0
    if name == "name" and language == "zh":
        # This encoding has the common characters in the order of their sounds.
        return view.name.zh[:_LONGEST].encode("gb18030").hex()
    if name == "name":
        return view.name.en[:_LONGEST].casefold()
    return str(getattr(view, name) or "")
