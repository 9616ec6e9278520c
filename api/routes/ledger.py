"""What arrived and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api import tables
from api.auth.rights import Right, Who, needs
from api.context import Context, Ctx
from api.schemas.common import Page
from api.schemas.ledger import (
    Ledger,
    LedgerQuery,
    Quarantined,
    QuarantinedDetail,
    QuarantineQuery,
)
from api.tables import Cell
from parkpulse.query import ledger, quarantine
from parkpulse.query.ledger import HourView
from parkpulse.query.quarantine import EntryView, Search

router = APIRouter(tags=["ledger"], dependencies=[needs(Right.READ)])
_HOUR_COLUMNS = (
    "hour,source,received,stored,duplicate,quarantined,dropped_by_broker,"
    "values_stored,values_duplicate,values_corrected,values_refused"
)
_ENTRY_COLUMNS = "id,at,park,device,topic,reason,detail,length,sha256,format,state,note"
_BLOCK = 1000


@router.get("/ledger", response_model=Ledger, summary="The ledger by hour and source")
def read_ledger(
    query: Annotated[LedgerQuery, Query()], request: Request, ctx: Ctx, who: Who
) -> object:
    """Messages and values by what became of them; the last 24 hours if not told."""
    start, end = ledger.span(query.start, query.end)
    park = who.only(query.park)
    flow = ctx.flow.flow(park)
    with ctx.database.transaction() as conn:
        found = ledger.view(conn, start, end, park, flow)
    if tables.wanted(request, query.format):
        return tables.respond("ledger", _HOUR_COLUMNS.split(","), _hours(found.items))
    return found


@router.get(
    "/quarantine", response_model=Page[Quarantined], summary="Messages not stored"
)
def list_quarantine(
    query: Annotated[QuarantineQuery, Query()], request: Request, ctx: Ctx, who: Who
) -> object:
    """Messages that were refused, whole or in part, in order of receipt."""
    search = Search(
        park=who.only(query.park),
        reason=query.reason,
        state=query.state,
        since=query.since,
        device=query.device,
        until=query.until,
    )
    if tables.wanted(request, query.format):
        rows = _entries(ctx, search, query.sort)
        return tables.respond("quarantine", _ENTRY_COLUMNS.split(","), rows)
    with ctx.database.transaction() as conn:
        return quarantine.page(conn, search, query.limit, query.cursor, query.sort)


@router.get(
    "/quarantine/{entry_id}",
    response_model=QuarantinedDetail,
    summary="One message not stored",
)
def one_quarantined(entry_id: UUID, ctx: Ctx) -> object:
    """One refused message with its payload, as text or base64."""
    with ctx.database.transaction() as conn:
        return quarantine.find(conn, entry_id)


def _hours(items: Iterable[HourView]) -> Iterator[tuple[Cell, ...]]:
    for item in items:
        yield (
            item.hour,
            item.source,
            item.received,
            item.stored,
            item.duplicate,
            item.quarantined,
            item.dropped_by_broker,
            item.values.stored,
            item.values.duplicate,
            item.values.corrected,
            item.values.refused,
        )


def _entries(ctx: Context, search: Search, order: str) -> Iterator[tuple[Cell, ...]]:
    cursor: str | None = None
    while True:
        with ctx.database.transaction() as conn:
            page = quarantine.page(conn, search, _BLOCK, cursor, order)
        yield from map(_entry, page.items)
        cursor = page.next
        if cursor is None:
            return


def _entry(item: EntryView) -> tuple[Cell, ...]:
    return (
        str(item.id),
        item.at,
        item.park,
        item.device,
        item.topic,
        item.reason,
        item.detail,
        item.length,
        item.sha256,
        item.format,
        item.state,
        item.note,
    )
