"""Short lists that are read whole: sorted, cut into pages, or written as a table."""

from __future__ import annotations

import typing
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from api import tables
from api.schemas.common import Answer, Name
from parkpulse.query import paging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from starlette.requests import Request

    from api.schemas.common import Sorted
    from api.tables import Cell
    from parkpulse.query.paging import Key, Page

_BLOCK = 1000
_LONGEST = 48


def give(
    request: Request,
    query: Sorted,
    items: Iterable[object],
    model: type[Answer],
    unique: Sequence[str],
) -> object:
    """Answer with a page in the order that was asked for, or with a table of all.

    Parameters
    ----------
    request
        Whose Accept header may ask for a table.
    query
        Order, page and format. An order is the name of a field.
    items
        The whole list.
    model
        How an item is shown.
    unique
        Fields that tell an item from all others; they decide between equals.
    """
    shown = [model.model_validate(item) for item in items]
    order = query.sort
    field = order.removeprefix("-")
    key = _key(field, unique)
    if tables.wanted(request, query.format):
        shown.sort(key=key, reverse=order.startswith("-"))
        name = request.url.path.rpartition("/")[2]
        return tables.respond(name, _columns(model), _rows(model, shown))
    return paging.cut(shown, key, order=order, limit=query.limit, cursor=query.cursor)


def paged(
    request: Request,
    query: Sorted,
    page: Callable[[int, str | None], Page[Any]],
    model: type[Answer],
) -> object:
    """Answer with a page of a list that is read in pages, or with a table of all.

    Parameters
    ----------
    request
        Whose Accept header may ask for a table.
    query
        Page and format.
    page
        Reads so many items that follow a cursor.
    model
        How an item is shown.
    """
    if tables.wanted(request, query.format):
        name = request.url.path.rpartition("/")[2]
        return tables.respond(name, _columns(model), _rows(model, _every(page, model)))
    return page(query.limit, query.cursor)


def _every(
    page: Callable[[int, str | None], Page[Any]], model: type[Answer]
) -> Iterator[Answer]:
    cursor: str | None = None
    while True:
        found = page(_BLOCK, cursor)
        yield from map(model.model_validate, found.items)
        cursor = found.next
        if cursor is None:
            return


def _key(field: str, unique: Sequence[str]) -> Callable[[object], Key]:
    """Make the key to sort by; its first part is short, for it stands in cursors."""

    def key(item: object) -> Key:
        rest = (_text(getattr(item, each)) for each in unique)
        return (_text(getattr(item, field))[:_LONGEST], *rest)

    return key


def _text(value: object) -> str:
    """Write a value so that texts sort as the values do; none comes first."""
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:020}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    return f"{value.en} {value.zh}" if isinstance(value, Name) else str(value)


def _columns(model: type[Answer]) -> list[str]:
    found: list[str] = []
    for name, field in model.model_fields.items():
        found += [f"{name}_zh", f"{name}_en"] if _is_name(field.annotation) else [name]
    return found


def _is_name(annotation: Any) -> bool:  # noqa: ANN401 - any annotation
    return Name in {annotation, *typing.get_args(annotation)}


def _rows(model: type[Answer], items: Iterable[Answer]) -> Iterator[tuple[Cell, ...]]:
    for item in items:
        cells: list[Cell] = []
        for name, field in model.model_fields.items():
            value = getattr(item, name)
            if _is_name(field.annotation):
                cells += [value.zh, value.en] if value else [None, None]
            else:
                cells.append(_cell(value))
        yield tuple(cells)


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, str | int | float | bool | datetime):
        return value
    if isinstance(value, date):
        return value.isoformat()
    plain = value.model_dump(mode="json") if isinstance(value, Answer) else value
    return msgspec.json.encode(plain, enc_hook=_plain).decode()


def _plain(value: object) -> object:
    return value.model_dump(mode="json") if isinstance(value, Answer) else str(value)
