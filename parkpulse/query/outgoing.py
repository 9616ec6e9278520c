"""Messages to channels as people look through them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from parkpulse.model import instants
from parkpulse.query import paging
from parkpulse.store import deliveries

if TYPE_CHECKING:
    from parkpulse.query.paging import Page
    from parkpulse.store.deliveries import Order, Outgoing, Search
    from parkpulse.store.pool import Connection


def page(
    conn: Connection, search: Search, *, order: Order, limit: int, cursor: str | None
) -> Page[Outgoing]:
    """One page of the messages that are wanted, by the time they were put in.

    Raises
    ------
    InvalidRequestError
        The cursor was not made for this list.
    """
    after = None
    if cursor is not None:
        moment, message = paging.decode(order, cursor, [int, str])
        try:
            after = instants.from_us(int(moment)), UUID(str(message))
        except ValueError as error:
            raise paging.refusal() from error
    found = deliveries.page(conn, search, order, after, limit + 1)
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        key = instants.to_us(last.created_at), str(last.id)
        following = paging.encode(order, key)
    return paging.Page(found[:limit], following)
