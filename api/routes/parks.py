"""Parks and their newest readings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import answers
from api.auth.rights import Right, Who, needs
from api.context import Ctx
from api.schemas.common import Page, Paged
from api.schemas.devices import LatestList
from api.schemas.parks import DataCentre, Park, ParkDetail, ParkQuery
from parkpulse.query import alerts, paging, parks, series

router = APIRouter(tags=["parks"], dependencies=[needs(Right.READ)])


@router.get("/parks", response_model=Page[Park], summary="All parks")
def list_parks(query: Annotated[ParkQuery, Query()], ctx: Ctx, who: Who) -> object:
    """Every park at a glance: its clock, devices by state, alerts by severity."""
    with ctx.database.transaction() as conn:
        counts = alerts.counts(conn)
    seen = [
        each
        for each in parks.view_all(ctx.live, counts)
        if who.sees(each.code) and (query.service or not each.service)
    ]
    return paging.by_code(seen, query.limit, query.cursor)


@router.get("/parks/{park}", response_model=ParkDetail, summary="One park")
def one_park(park: str, ctx: Ctx) -> object:
    """One park with its places and data centres."""
    seen = ctx.look(park)
    with ctx.database.transaction() as conn:
        counts = alerts.counts(conn)
    return parks.view(seen, counts.get(seen.park.row.id, {}))


@router.get(
    "/parks/{park}/data-centres",
    response_model=Page[DataCentre],
    summary="Data centres of a park",
)
def list_data_centres(park: str, query: Annotated[Paged, Query()], ctx: Ctx) -> object:
    """Every data centre of a park by code."""
    centres = ctx.live.park(park).data_centres
    return paging.by_code(centres, query.limit, query.cursor)


@router.get(
    "/parks/{park}/latest",
    response_model=LatestList,
    summary="Newest readings of a park",
)
def list_latest(park: str, request: Request, ctx: Ctx) -> Response:
    """Every series that has a reading, with the newest; the ETag changes with them."""
    seen = ctx.look(park)
    change = ctx.live.newest.last_change(seen.park.index.series)
    tag = answers.version(change, int(seen.stale.sum()))
    if answers.knows(request, tag):
        return answers.unchanged(tag)
    return answers.fast({"now": seen.now, "items": series.latest(seen)}, tag)
