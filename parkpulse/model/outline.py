"""GeoJSON as a plain drawing: outlines on a plane, north up."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from parkpulse.model import drawing
from parkpulse.model.drawing import Drawing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_POINTS = 100_000
_WIDTH = 1000.0
_MARGIN = 0.04
_LEAST_DEGREES = 1e-6
_PAIR = 2
_MOST_LON, _MOST_LAT = 180.0, 90.0
_DEPTHS = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
_CLOSED = frozenset({"Polygon", "MultiPolygon"})
_CODE = "invalid_value"


class Bounds(NamedTuple):
    """What a drawing covers, in degrees (WGS 84)."""

    west: float
    south: float
    east: float
    north: float


class _Path(NamedTuple):
    points: Sequence[tuple[float, float]]
    is_closed: bool


def draw(content: bytes) -> tuple[Drawing, Bounds]:
    """Draw GeoJSON (RFC 7946) in WGS 84; raises InvalidRequestError."""
    drawing.check_size(content)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise drawing.refusal(_CODE, f"this is no JSON: {error}") from error
    paths = list(_paths(document, 0))
    points = [point for path in paths for point in path.points]
    if not points or len(points) > _MOST_POINTS:
        message = f"GeoJSON with 1 to {_MOST_POINTS} positions is needed"
        raise drawing.refusal(_CODE, message)
    bounds = _bounds(points)
    return _drawn(paths, bounds), bounds


def _paths(item: Any, depth: int) -> Iterator[_Path]:  # noqa: ANN401 - any JSON
    if not isinstance(item, dict) or depth > len(_DEPTHS):
        raise drawing.refusal(_CODE, "this is no GeoJSON")
    kind = item.get("type")
    inner = {"FeatureCollection": "features", "GeometryCollection": "geometries"}
    if kind in inner:
        for each in _list(item.get(inner[kind])):
            yield from _paths(each, depth + 1)
    elif kind == "Feature":
        if item.get("geometry") is not None:
            yield from _paths(item["geometry"], depth + 1)
    elif kind in _DEPTHS:
        yield from _lines(item.get("coordinates"), _DEPTHS[kind], kind in _CLOSED)
    else:
        raise drawing.refusal(_CODE, "this is no GeoJSON")


def _lines(
    coordinates: Any,  # noqa: ANN401 - any JSON
    depth: int,
    is_closed: bool,  # noqa: FBT001 - a property of the geometry
) -> Iterator[_Path]:
    if depth == 0:
        yield _Path([_point(coordinates)], is_closed=False)
    elif depth == 1:
        yield _Path([_point(each) for each in _list(coordinates)], is_closed)
    else:
        for each in _list(coordinates):
            yield from _lines(each, depth - 1, is_closed)


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    if not isinstance(value, list):
        raise drawing.refusal(_CODE, "this is no GeoJSON")
    return value


def _point(value: Any) -> tuple[float, float]:  # noqa: ANN401 - any JSON
    pair = _list(value)[:_PAIR]
    if len(pair) < _PAIR or not all(isinstance(each, int | float) for each in pair):
        raise drawing.refusal(_CODE, "a position is [longitude, latitude]")
    lon, lat = float(pair[0]), float(pair[1])
    if not (abs(lon) <= _MOST_LON and abs(lat) < _MOST_LAT):
        raise drawing.refusal(_CODE, "a position is in degrees of WGS 84")
    return lon, lat


def _bounds(points: Sequence[tuple[float, float]]) -> Bounds:
    lons, lats = zip(*points, strict=True)
    pad = max(max(lons) - min(lons), max(lats) - min(lats), _LEAST_DEGREES) * _MARGIN
    return Bounds(min(lons) - pad, min(lats) - pad, max(lons) + pad, max(lats) + pad)


def _drawn(paths: Sequence[_Path], bounds: Bounds) -> Drawing:
    squeeze = math.cos(math.radians((bounds.south + bounds.north) / 2))
    scale = _WIDTH / ((bounds.east - bounds.west) * squeeze)
    height = (bounds.north - bounds.south) * scale

    def place(point: tuple[float, float]) -> str:
        x = (point[0] - bounds.west) * squeeze * scale
        return f"{x:.2f} {(bounds.north - point[1]) * scale:.2f}"

    shapes = "".join(
        f'<path d="M{"L".join(map(place, each.points))}{"Z" if each.is_closed else ""}"'
        f' fill="{"#e4e8ea" if each.is_closed else "none"}" fill-rule="evenodd"'
        ' stroke="#8a949c" stroke-width="2" stroke-linejoin="round"/>'
        for each in paths
        if len(each.points) > 1
    )
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height:.2f}"'
        f' width="{_WIDTH:g}" height="{height:.2f}">{shapes}</svg>'
    )
    return Drawing("svg", text.encode(), _WIDTH, height)
