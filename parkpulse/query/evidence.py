"""What figures rest on beside meters: the ledger of certificates, emission factors."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from parkpulse.query import paging
from parkpulse.query.paging import Page
from parkpulse.store import certificates
from parkpulse.store import factors as factor_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.certificates import Attribute
    from parkpulse.store.factors import FactorRow
    from parkpulse.store.pool import Connection

_T = TypeVar("_T")
_LARGEST = 2**31


def attributes(
    conn: Connection,
    data_centre_id: int,
    *,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[Attribute]:
    """One page of the ledger, as it was entered.

    Raises
    ------
    InvalidRequestError
        The cursor was not made for this list.
    """
    return _page("attributes", certificates.load(conn, data_centre_id), limit, cursor)


def factors(
    conn: Connection, *, limit: int = 100, cursor: str | None = None
) -> Page[FactorRow]:
    """One page of all emission factors; parameters as `attributes`."""
    return _page("factors", factor_store.load(conn), limit, cursor)


def _page(order: str, rows: Sequence[_T], limit: int, cursor: str | None) -> Page[_T]:
    first = 0
    if cursor is not None:
        first = min(max(int(paging.decode(order, cursor, [int])[0]), 0), _LARGEST)
    last = first + limit
    following = paging.encode(order, [last]) if last < len(rows) else None
    return Page(list(rows[first:last]), following)
