"""Pages of sorted lists, found again by an opaque cursor."""

from __future__ import annotations

import base64
import binascii
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import msgspec

from parkpulse.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


_T = TypeVar("_T")
_C = TypeVar("_C", bound=_Coded)
# Microseconds from 1970 to the years 1 and 10000.
_NUMBERS = range(-62_135_596_800_000_000, 253_402_300_800_000_000)
Key = tuple[str | int, ...]
"""What a list is sorted by; ends with something unique."""


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """Some items of a list, and the cursor of those that follow, if any."""

    items: Sequence[_T]
    next: str | None


def encode(order: str, key: Sequence[str | int]) -> str:
    """Make the cursor that stands after `key` in a list of this order."""
    text = msgspec.json.encode([order, *key])
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decode(order: str, cursor: str, kinds: Sequence[type]) -> Key:
    """Return the key that a cursor of this order stands after.

    Raises
    ------
    InvalidRequestError
        It was made for another order, or not by us at all.
    """
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True)
        found = msgspec.json.decode(text, type=tuple[str | int, ...])
    except (ValueError, msgspec.DecodeError, binascii.Error) as error:
        raise refusal() from error
    first, *key = found or ("",)
    kinds_found = [type(part) for part in key]
    if first != order or kinds_found != list(kinds) or not all(map(_usable, key)):
        raise refusal()
    return tuple(key)


def _usable(part: str | int) -> bool:
    """Whether the database and the calendar can take it."""
    return "\0" not in part if isinstance(part, str) else part in _NUMBERS


def refusal() -> InvalidRequestError:
    """Make the error of a cursor that cannot be used."""
    message = "the cursor was not made for this list"
    return InvalidRequestError("invalid_cursor", message, "cursor")


def cut(
    items: Sequence[_T],
    key: Callable[[_T], Key],
    *,
    order: str,
    limit: int,
    cursor: str | None,
) -> Page[_T]:
    """Sort and return one page.

    Parameters
    ----------
    items
        The whole list.
    key
        Unique key of an item, always of the same types.
    order
        Name of the order; begins with `-` when descending.
    limit
        Most items of the page.
    cursor
        `next` of the page before; None for the first.
    """
    falling = order.startswith("-")
    keyed = sorted(((key(item), item) for item in items), key=_first, reverse=falling)
    if cursor is not None and keyed:
        after = decode(order, cursor, [type(part) for part in keyed[0][0]])
        beyond = operator.lt if falling else operator.gt
        keyed = [each for each in keyed if beyond(each[0], after)]
    page = keyed[:limit]
    more = len(keyed) > limit
    return Page(
        [item for _, item in page], encode(order, page[-1][0]) if more else None
    )


def by_code(items: Sequence[_C], limit: int, cursor: str | None) -> Page[_C]:
    """Return one page in order of code."""
    return cut(
        items, lambda item: (item.code,), order="code", limit=limit, cursor=cursor
    )


def _first(pair: tuple[Key, _T]) -> Key:
    return pair[0]
