"""Rain and water levels of a park, and findings of the quality tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth.rights import Right, needs
from api.context import Ctx
from api.schemas.changes import Changes, ChangesQuery
from api.schemas.common import Page, SeriesId
from api.schemas.hydrology import (
    AtQuery,
    DeviceFindings,
    Finding,
    FindingsQuery,
    Levels,
    Nothing,
    Rain,
)
from parkpulse.query import changes, device_health, hydrology, quality

router = APIRouter(dependencies=[needs(Right.READ)])
_LATELY = timedelta(hours=1)
_LONGEST = timedelta(days=1)


@router.get(
    "/parks/{park}/rain", response_model=Rain, summary="Rain now", tags=["parks"]
)
def read_rain(park: str, query: Annotated[AtQuery, Query()], ctx: Ctx) -> object:
    """Give the sums over 5 min to 24 h, warning colour and rain class of each gauge."""
    found = ctx.live.park(park)
    at = query.at or ctx.live.now(found)
    with ctx.database.transaction() as conn:
        return {"at": at, "items": hydrology.rain_of(conn, found, at)}


@router.get(
    "/parks/{park}/levels",
    response_model=Levels,
    summary="Water levels now",
    tags=["parks"],
)
def read_levels(park: str, query: Annotated[AtQuery, Query()], ctx: Ctx) -> object:
    """Level, rate of rise, stages and the time to each, of each gauge."""
    found = ctx.live.park(park)
    at = query.at or ctx.live.now(found)
    with ctx.database.transaction() as conn:
        levels = hydrology.levels_of(conn, found, ctx.live.limits, at)
    return {"at": at, "items": levels}


@router.get(
    "/parks/{park}/changes",
    response_model=Changes,
    summary="What changed lately",
    tags=["parks"],
)
def list_changes(
    park: str, query: Annotated[ChangesQuery, Query()], ctx: Ctx
) -> object:
    """Alerts, levels crossed, hatches, pumps, devices fallen silent; newest first."""
    seen = ctx.look(park)
    start = max(query.since or seen.now - _LATELY, seen.now - _LONGEST)
    with ctx.database.transaction() as conn:
        found = changes.read(conn, seen, ctx.live.limits, start)
    return {"start": start, "end": seen.now, "items": found}


@router.get(
    "/series/{series_id}/quality",
    response_model=Page[Finding],
    summary="Doubtful readings",
    tags=["series"],
)
def list_findings(
    series_id: Annotated[SeriesId, Path()],
    query: Annotated[FindingsQuery, Query()],
    ctx: Ctx,
) -> object:
    """List what the QARTOD tests found suspect (3) or failed (4), oldest first."""
    with ctx.database.transaction() as conn:
        return quality.page(
            conn,
            series_id,
            query.start,
            query.end,
            limit=query.limit,
            cursor=query.cursor,
        )


@router.get(
    "/parks/{park}/device-findings",
    response_model=DeviceFindings,
    summary="What is wrong with devices",
    tags=["devices"],
)
def list_device_findings(park: str, _: Annotated[Nothing, Query()], ctx: Ctx) -> object:
    """Tell which batteries are low, links poor, sensors frozen or out of range now."""
    with ctx.database.transaction() as conn:
        return {"items": device_health.findings(conn, ctx.look(park))}
