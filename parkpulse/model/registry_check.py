"""Whether a park's document is consistent in itself."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

from parkpulse.errors import InvalidRequestError
from parkpulse.model import metrics, routes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parkpulse.model.registry import DataCentreSpec, ParkSpec


def check(spec: ParkSpec) -> None:
    """Raise InvalidRequestError unless the document is consistent in itself."""
    if spec.zone not in zoneinfo.available_timezones():
        _refuse("unknown_zone", f"there is no time zone {spec.zone!r}", "/zone")
    _check_places(spec)
    _check_devices(spec)
    _check_aliases(spec)
    _check_topics(spec)
    for index, centre in enumerate(spec.data_centres):
        _check_data_centre(spec, centre, f"/data_centres/{index}")


def _refuse(code: str, message: str, pointer: str) -> None:
    raise InvalidRequestError(code, message, pointer)


def _check_unique(codes: Iterable[object], pointer: str) -> None:
    seen: set[object] = set()
    for index, code in enumerate(codes):
        if code in seen:
            _refuse("duplicate_code", f"{code!r} stands twice", f"{pointer}/{index}")
        seen.add(code)


def _check_places(spec: ParkSpec) -> None:
    _check_unique((place.code for place in spec.places), "/places")
    parents = {place.code: place.parent for place in spec.places}
    for index, place in enumerate(spec.places):
        if place.compartment is not None and place.kind != "compartment":
            told = (
                f"{place.code!r} is no compartment but a place of kind {place.kind!r}"
            )
            _refuse("no_compartment", told, f"/places/{index}/compartment")
        above, steps = place.parent, 0
        while above is not None:
            pointer = f"/places/{index}/parent"
            if above not in parents:
                _refuse("unknown_place", f"there is no place {above!r}", pointer)
            above, steps = parents[above], steps + 1
            if steps > len(parents):
                _refuse("circular_place", f"{place.code!r} holds itself", pointer)


def _check_devices(spec: ParkSpec) -> None:
    _check_unique((device.code for device in spec.devices), "/devices")
    places = {None, *(place.code for place in spec.places)}
    for index, device in enumerate(spec.devices):
        pointer = f"/devices/{index}"
        if device.place not in places:
            message = f"there is no place {device.place!r}"
            _refuse("unknown_place", message, f"{pointer}/place")
        _check_unique((each.metric for each in device.series), f"{pointer}/series")
        for number, each in enumerate(device.series):
            if each.metric not in metrics.METRICS:
                message = f"there is no metric {each.metric!r}"
                _refuse("unknown_metric", message, f"{pointer}/series/{number}/metric")


def _check_aliases(spec: ParkSpec) -> None:
    codes = {device.code for device in spec.devices}
    seen: set[str] = set()
    for index, device in enumerate(spec.devices):
        for number, alias in enumerate(device.aliases):
            if alias in codes or alias in seen:
                message = f"{alias!r} stands for another device already"
                pointer = f"/devices/{index}/aliases/{number}"
                _refuse("duplicate_code", message, pointer)
            seen.add(alias)


def _check_topics(spec: ParkSpec) -> None:
    _check_unique((topic.filter for topic in spec.topics), "/topics")
    for index, topic in enumerate(spec.topics):
        wrong = routes.problem(topic.filter)
        if wrong is not None:
            _refuse("bad_filter", wrong, f"/topics/{index}/filter")


def _check_data_centre(spec: ParkSpec, centre: DataCentreSpec, pointer: str) -> None:
    if centre.place not in {None, *(place.code for place in spec.places)}:
        message = f"there is no place {centre.place!r}"
        _refuse("unknown_place", message, f"{pointer}/place")
    known = {
        (device.code, each.metric) for device in spec.devices for each in device.series
    }
    metered = {None, *(meter.device for meter in centre.meters)}
    _check_unique(
        ((meter.device, meter.metric, meter.role) for meter in centre.meters),
        f"{pointer}/meters",
    )
    for index, meter in enumerate(centre.meters):
        at = f"{pointer}/meters/{index}"
        if (meter.device, meter.metric) not in known:
            message = f"device {meter.device!r} has no series {meter.metric!r}"
            _refuse("unknown_series", message, f"{at}/metric")
        if meter.parent not in metered:
            message = f"there is no meter of device {meter.parent!r}"
            _refuse("unknown_meter", message, f"{at}/parent")
