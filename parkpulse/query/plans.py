"""The drawing of a park, and where its places and devices lie on it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model import drawing, outline
from parkpulse.store import plans as store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.drawing import Kind
    from parkpulse.query.catalogue import Park
    from parkpulse.store.plans import PlanRow, Position
    from parkpulse.store.pool import Connection

KINDS = {"svg": "image/svg+xml", "png": "image/png"}
"""Media types of drawings."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A park's plan; `image` is None until somebody has given one."""

    image: PlanRow | None
    positions: Sequence[Position]


def read(conn: Connection, park: Park) -> Plan:
    """Return what is known, with the positions of what is still registered."""
    known = _known(park)
    return Plan(
        store.load(conn, park.row.id),
        [
            each
            for each in store.positions(conn, park.row.id)
            if (each.kind, each.code) in known
        ],
    )


def image(conn: Connection, park: Park) -> tuple[str, bytes]:
    """Return media type and bytes of the drawing; raises NotFoundError."""
    found = store.content(conn, park.row.id)
    if found is None:
        kind = "plan"
        raise NotFoundError(kind, park.row.code)
    return KINDS[found[0]], found[1]


def put(conn: Connection, park: Park, source: Kind, content: str) -> None:
    """Take a drawing: text of SVG or GeoJSON, base64 of PNG.

    Raises
    ------
    InvalidRequestError
        It is no such thing, too large, or has nothing that may be shown.
    """
    if source == "geojson":
        drawn, bounds = outline.draw(content.encode())
        store.save(conn, park.row.id, source, drawn, bounds)
        return
    if source == "png":
        store.save(conn, park.row.id, source, drawing.png(_decoded(content)))
        return
    store.save(conn, park.row.id, source, drawing.svg(content.encode()))


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        code = "invalid_value"
        raise drawing.refusal(code, "a PNG is given as base64") from error


def put_positions(conn: Connection, park: Park, wanted: Sequence[Position]) -> None:
    """Replace all positions.

    Raises
    ------
    InvalidRequestError
        One is of nothing that the park has, or something has two.
    """
    known, code = _known(park), "invalid_value"
    for index, each in enumerate(wanted):
        key = (each.kind, each.code)
        if key not in known:
            message = f"there is no {each.kind} {each.code!r}, or it is named twice"
            raise InvalidRequestError(code, message, f"/items/{index}/code")
        known.discard(key)
    store.put_positions(conn, park.row.id, wanted)


def _known(park: Park) -> set[tuple[str, str]]:
    places = {("place", each.code) for each in park.places}
    return places | {("device", each.code) for each in park.devices}


def remove(conn: Connection, park: Park) -> None:
    """Remove the drawing and all positions."""
    store.remove(conn, park.row.id)
