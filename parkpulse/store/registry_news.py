"""Telling all processes that the registry changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

CHANNEL = "registry"
"""Notified whenever something of the registry changed."""


def tell(connection: Connection) -> None:
    """Tell all processes that the registry changed."""
    connection.execute("select pg_notify(%s, '')", [CHANNEL])
