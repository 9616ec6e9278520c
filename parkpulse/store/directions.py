"""The two directions of a list in order of time, as parts of a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import LiteralString


class Direction(NamedTuple):
    """What to compare the key of the last row with, and how to sort."""

    beyond: LiteralString
    sorting: LiteralString


_NEWEST_FIRST = Direction("<", "desc")
_OLDEST_FIRST = Direction(">", "asc")


def of(order: str) -> Direction:
    """Return the direction of an order, which begins with `-` when it falls."""
    return _NEWEST_FIRST if order.startswith("-") else _OLDEST_FIRST
