"""The drawing of the demonstration park."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import TYPE_CHECKING

from parkpulse.model import drawing
from parkpulse.store import plans
from parkpulse.store.plans import Position

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

_FOLDER = resources.files("simulators.demo")


def put(connection: Connection, park_id: int) -> None:
    """Give the park its drawing, unless somebody has given it one."""
    if plans.load(connection, park_id) is not None:
        return
    drawn = drawing.svg(_FOLDER.joinpath("plan.svg").read_bytes())
    plans.save(connection, park_id, "svg", drawn)
    plans.put_positions(connection, park_id, positions())


def positions() -> list[Position]:
    """Where its places lie."""
    document = tomllib.loads(_FOLDER.joinpath("plan.toml").read_text("utf-8"))
    return [
        Position("place", code, x, y) for code, (x, y) in document["places"].items()
    ]
