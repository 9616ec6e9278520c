"""Parks and their newest readings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import answers, lists
from api.auth.rights import Right, Who, needs
from api.context import Ctx
from api.kept import Tagged
from api.schemas.common import Page
from api.schemas.devices import LatestList
from api.schemas.parks import (
    DataCentre,
    DataCentresQuery,
    Park,
    ParkDetail,
    ParkQuery,
)
from parkpulse.query import alerts, parks, series

_LATEST_S = 2.0
"""So long nobody minds that a reading has become stale, or the clock moves. [s]"""
router = APIRouter(tags=["parks"], dependencies=[needs(Right.READ)])


@router.get("/parks", response_model=Page[Park], summary="All parks")
def list_parks(
    query: Annotated[ParkQuery, Query()], request: Request, ctx: Ctx, who: Who
) -> object:
    """Every park at a glance: its clock, devices by state, alerts by severity."""
    words = (query.q or "").casefold()
    with ctx.database.transaction() as conn:
        counts = alerts.counts(conn)
    seen = [
        each
        for each in parks.view_all(ctx.live, counts)
        if who.sees(each.code)
        and (query.service or not each.service)
        and words in f"{each.code} {each.name.zh} {each.name.en}".casefold()
    ]
    return lists.give(request, query, seen, Park, ("code",))


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
def list_data_centres(
    park: str,
    query: Annotated[DataCentresQuery, Query()],
    request: Request,
    ctx: Ctx,
) -> object:
    """Every data centre of a park."""
    centres = ctx.live.park(park).data_centres
    return lists.give(request, query, centres, DataCentre, ("code",))


@router.get(
    "/parks/{park}/latest",
    response_model=LatestList,
    summary="Newest readings of a park",
)
async def list_latest(park: str, request: Request, ctx: Ctx) -> Response:
    """Every series that has a reading, with the newest; the ETag changes with them."""
    change = ctx.live.newest.last_change(ctx.live.park(park).index.series)

    def build() -> Tagged:
        seen = ctx.look(park)
        tag = answers.version(change, int(seen.stale.sum()))
        return Tagged({"now": seen.now, "items": series.latest(seen)}, tag)

    return await ctx.kept.give(
        request, build, "registry", change=change, lasts_s=_LATEST_S
    )
