"""What devices say that is no number, and messages that never came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import tables
from api.auth.rights import Right, Who, needs
from api.context import Context, Ctx
from api.schemas.common import Page
from api.schemas.events import (
    DeviceEvent,
    EventsQuery,
    Gaps,
    GapsQuery,
    Pauses,
    PausesQuery,
)
from api.tables import Cell
from parkpulse.query import events, pauses, sequences
from parkpulse.query.events import Search

router = APIRouter(dependencies=[needs(Right.READ)])
_COLUMNS = ("id", "ts", "received_at", "device", "kind", "detail", "length")
_BLOCK = 1000


@router.get(
    "/parks/{park}/events",
    response_model=Page[DeviceEvent],
    summary="Events of a park's devices",
    tags=["devices"],
)
def list_events(
    park: str, query: Annotated[EventsQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """Texts, pictures, parameters, births and deaths, in order of time."""
    park_id = ctx.look(park).park.row.id
    search = Search(query.device, query.kind, query.start, query.end)
    if tables.wanted(request, query.format):
        return tables.respond(
            "events", _COLUMNS, _rows(ctx, park_id, search, query.sort)
        )
    with ctx.database.transaction() as conn:
        return events.page(conn, park_id, search, query.limit, query.cursor, query.sort)


@router.get(
    "/parks/{park}/events/{event_id}/body",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"example": "..."}}}},
    summary="Raw bytes of an event",
    tags=["devices"],
)
def event_body(park: str, event_id: UUID, ctx: Ctx) -> Response:
    """Get what is kept raw, such as a picture; always as a download."""
    with ctx.database.transaction() as conn:
        found = events.body(conn, ctx.look(park).park.row.id, event_id)
    headers = {"Content-Disposition": f'attachment; filename="{event_id}.bin"'}
    return Response(found, media_type="application/octet-stream", headers=headers)


@router.get(
    "/parks/{park}/pauses",
    response_model=Pauses,
    summary="Times in which a pushing platform had paused",
    tags=["ledger"],
)
def platform_pauses(
    park: str, query: Annotated[PausesQuery, Query()], ctx: Ctx
) -> object:
    """Tell when many devices lack a report together: their platform's cool-down."""
    end = query.end or ctx.look(park).now
    start = query.start or end - pauses.LONGEST
    with ctx.database.transaction() as conn:
        return {"items": pauses.found(conn, park, start, end, query.devices)}


@router.get(
    "/ledger/gaps",
    response_model=Gaps,
    summary="Messages that never came",
    tags=["ledger"],
)
def sequence_gaps(query: Annotated[GapsQuery, Query()], ctx: Ctx, who: Who) -> object:
    """Tell which numbers are missing among those that devices gave their messages."""
    with ctx.database.transaction() as conn:
        return sequences.gaps(conn, query.start, query.end, who.only(query.park))


def _rows(
    ctx: Context, park_id: int, search: Search, order: str
) -> Iterator[tuple[Cell, ...]]:
    cursor: str | None = None
    while True:
        with ctx.database.transaction() as conn:
            page = events.page(conn, park_id, search, _BLOCK, cursor, order)
        for item in page.items:
            detail = json.dumps(item.detail, ensure_ascii=False)
            yield (
                str(item.id),
                item.ts,
                item.received_at,
                item.device,
                item.kind,
                detail,
                item.length,
            )
        cursor = page.next
        if cursor is None:
            return
