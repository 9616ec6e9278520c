"""Compartments of utility tunnels now: their air against the limits, and entry.

The kind of a compartment is the registered one; else it is told by the words of its
code and names, else by what is measured in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from analytics import tunnel
from parkpulse.model import instants
from parkpulse.model.registry import Name
from parkpulse.query.newest import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from analytics.tunnel import Action, Compartment, Grade
    from parkpulse.query.catalogue import Device, Place, Series
    from parkpulse.query.limits import Limits
    from parkpulse.query.live import ParkNow

_KIND = "compartment"
_WORDS: Mapping[str, Compartment] = {
    "gas": "gas",
    "燃气": "gas",
    "sewage": "sewage",
    "污水": "sewage",
    "heat": "heat",
    "热力": "heat",
    "power": "power",
    "电力": "power",
    "water": "water",
    "给水": "water",
}
_GASES = ("oxygen", "methane", "hydrogen_sulfide", "carbon_monoxide")
_STATES = ("hatch_open", "fan_running", "pump_running")
_SHOWN = (
    *_GASES,
    "air_temperature",
    "relative_humidity",
    "sump_level",
    "relative_water_level",
    *_STATES,
)
_FLOODS = ("sump_level", "relative_water_level")
_GRAVE = ("high", "critical")
_HALF = 0.5
Entry = Literal["permitted", "not_permitted", "unknown"]
Cause = Literal["beyond_limit", "flooding", "old", "not_measured"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit of the air; `critical` may be missing."""

    direction: Literal["above", "below"]
    warning: float
    critical: float | None


@dataclass(frozen=True, slots=True)
class Quantity:
    """What one series says of a compartment."""

    series: int
    device: str
    metric: str
    metric_name: Name
    unit: str
    kind: str
    ts: datetime | None
    value: float | None
    stale: bool
    grade: Grade
    bounds: Sequence[Bound]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why nobody may enter, or why that is not known."""

    cause: Cause
    metric: str
    series: int | None
    value: float | None
    limit: float | None
    grade: Grade | None


@dataclass(frozen=True, slots=True)
class Advice:
    """What shall be done; controllers on site or people do it."""

    action: Action
    text: Name


@dataclass(frozen=True, slots=True)
class CompartmentNow:
    """One compartment: `ventilation` is null where no fan is watched or it is old."""

    code: str
    parent: str | None
    name: Name
    kind: Compartment
    entry: Entry
    reasons: Sequence[Reason]
    ventilation: bool | None
    advice: Sequence[Advice]
    quantities: Sequence[Quantity]
    not_measured: Sequence[str]
    """What shall be monitored in such a compartment and is not."""


def read(seen: ParkNow, limits: Limits) -> list[CompartmentNow]:
    """Judge every compartment of a park, by code."""
    by_place: dict[str, list[Quantity]] = {}
    for device, series, ts, value in _newest(seen):
        if device.place is not None and series.metric.name in _SHOWN:
            quantity = _quantity(seen, device, series, ts, value)
            by_place.setdefault(device.place, []).append(quantity)
    return [
        _compartment(place, by_place.get(place.code, []), limits)
        for place in seen.park.places
        if place.kind == _KIND
    ]


def _newest(seen: ParkNow) -> Iterator[tuple[Device, Series, int, float]]:
    """All series of devices at work with their newest time [us] and value."""
    index = 0
    for device in seen.park.devices:
        for series in device.series:
            ts, value = seen.newest.ts[index], seen.newest.value[index]
            index += 1
            if device.state != "retired":
                yield device, series, int(ts), float(value)


def _quantity(
    seen: ParkNow, device: Device, series: Series, ts: int, value: float
) -> Quantity:
    age = instants.to_us(seen.now) - ts
    is_known = ts != NEVER
    metric = series.metric
    return Quantity(
        series=series.id,
        device=device.code,
        metric=metric.name,
        metric_name=Name(metric.zh, metric.en),
        unit=metric.unit,
        kind=series.kind,
        ts=instants.from_us(ts) if is_known else None,
        value=value if is_known else None,
        stale=not is_known or age > series.freshness_s * instants.SECOND,
        grade="normal",
        bounds=[],
    )


def kind_of(place: Place, metrics: frozenset[str]) -> Compartment:
    """Tell the kind of a compartment: registered, by its words, by what is measured."""
    if place.compartment is not None:
        return place.compartment
    text = f"{place.code} {place.name.zh} {place.name.en}".lower()
    named = next((kind for word, kind in _WORDS.items() if word in text), None)
    if named is not None:
        return named
    if "hydrogen_sulfide" in metrics:
        return "sewage"
    return "gas" if "methane" in metrics else "power"


def _compartment(
    place: Place, quantities: Sequence[Quantity], limits: Limits
) -> CompartmentNow:
    metrics = frozenset(each.metric for each in quantities)
    kind = kind_of(place, metrics)
    judged = sorted(
        (_judged(each, kind) for each in quantities),
        key=lambda each: (_SHOWN.index(each.metric), each.device),
    )
    missing = sorted(tunnel.missing(kind, metrics))
    reasons = [*_dangers(judged, kind, limits), *_ignorance(judged, missing)]
    return CompartmentNow(
        code=place.code,
        parent=place.parent,
        name=place.name,
        kind=kind,
        entry=_entry(reasons),
        reasons=reasons,
        ventilation=_ventilation(judged),
        advice=_advice(judged, kind),
        quantities=judged,
        not_measured=missing,
    )


def _judged(quantity: Quantity, kind: Compartment) -> Quantity:
    bounds = [
        Bound(each.direction, each.warning, each.critical)
        for each in tunnel.limits(kind)
        if each.quantity == quantity.metric
    ]
    grades: list[Grade] = [each.grade for each in _beyond(quantity, kind)]
    grade = grades[0] if grades else "normal"
    return replace(quantity, grade=grade, bounds=bounds)


def _beyond(quantity: Quantity, kind: Compartment) -> list[tunnel.Finding]:
    """Compare the newest value, however old: nobody has said since that it is over."""
    if quantity.value is None:
        return []
    return tunnel.check(kind, {quantity.metric: quantity.value})


def _dangers(
    quantities: Sequence[Quantity], kind: Compartment, limits: Limits
) -> Iterator[Reason]:
    for each in quantities:
        for found in _beyond(each, kind):
            if "block_entry" in found.actions:
                yield Reason(
                    "beyond_limit",
                    each.metric,
                    each.series,
                    found.value,
                    found.limit,
                    found.grade,
                )
        if each.metric in _FLOODS:
            yield from _flooding(each, limits)


def _flooding(quantity: Quantity, limits: Limits) -> Iterator[Reason]:
    reached = [
        each.limit
        for each in limits.get(quantity.series, ())
        if each.severity in _GRAVE
        and each.direction == "above"
        and quantity.value is not None
        and quantity.value >= each.limit
    ]
    if reached:
        yield Reason(
            "flooding",
            quantity.metric,
            quantity.series,
            quantity.value,
            max(reached),
            None,
        )


def _ignorance(
    quantities: Sequence[Quantity], missing: Sequence[str]
) -> Iterator[Reason]:
    """Gases of which nothing is known now."""
    for metric in _GASES:
        own = [each for each in quantities if each.metric == metric]
        if metric in missing:
            yield Reason("not_measured", metric, None, None, None, None)
        for each in own:
            if each.stale:
                yield Reason("old", metric, each.series, each.value, None, None)


def _entry(reasons: Sequence[Reason]) -> Entry:
    if any(each.cause in {"beyond_limit", "flooding"} for each in reasons):
        return "not_permitted"
    return "unknown" if reasons else "permitted"


def _ventilation(quantities: Sequence[Quantity]) -> bool | None:
    fans = [
        each.value >= _HALF
        for each in quantities
        if each.metric == "fan_running" and each.value is not None and not each.stale
    ]
    return any(fans) if fans else None


def _advice(quantities: Sequence[Quantity], kind: Compartment) -> list[Advice]:
    actions = dict.fromkeys(
        action
        for each in quantities
        for found in _beyond(each, kind)
        for action in found.actions
    )
    return [Advice(each, Name(*tunnel.TEXTS[each])) for each in actions]
