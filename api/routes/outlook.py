"""Projections, weather, lasting changes, grades and portfolios."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.rights import Right, Who, needs
from api.context import Ctx
from api.schemas.energy import PeriodQuery
from api.schemas.outlook import (
    DesignedPue,
    Drift,
    Gb40879,
    Nothing,
    Portfolio,
    PortfolioQuery,
    Projection,
    ProjectionQuery,
    WeatherNormalised,
)
from parkpulse.query import design, drift, gb40879, portfolio, projection, weather

router = APIRouter(tags=["kpis"], dependencies=[needs(Right.READ)])
_CENTRE = "/parks/{park}/data-centres/{centre}"


@router.get(
    f"{_CENTRE}/projection", response_model=Projection, summary="Year-end projection"
)
def read_projection(
    park: str, centre: str, query: Annotated[ProjectionQuery, Query()], ctx: Ctx
) -> object:
    """PUE or renewable share at the end of the year, with interval and headroom."""
    found = ctx.live.park(park)
    with ctx.database.transaction() as conn:
        return projection.project(
            conn,
            found.data_centre(centre),
            found.row.zone,
            ctx.live.now(found),
            kpi=query.kpi,
            category=query.category,
        )


@router.get(
    f"{_CENTRE}/weather-normalised",
    response_model=WeatherNormalised,
    summary="Weather-normalised PUE",
)
def read_weather_normalised(
    park: str, centre: str, _: Annotated[Nothing, Query()], ctx: Ctx
) -> object:
    """PUE of each month at the mean weather of all years known."""
    found = ctx.live.park(park)
    data_centre = found.data_centre(centre).id
    with ctx.database.transaction() as conn:
        return weather.normalised(
            conn, data_centre, found.row.zone, ctx.live.now(found)
        )


@router.get(f"{_CENTRE}/drift", response_model=Drift, summary="Drift of the PUE")
def read_drift(
    park: str, centre: str, query: Annotated[PeriodQuery, Query()], ctx: Ctx
) -> object:
    """Find a lasting change of the overhead, and the meter that explains it."""
    found = ctx.live.park(park)
    data_centre = found.data_centre(centre).id
    with ctx.database.transaction() as conn:
        return drift.read(
            conn,
            data_centre,
            found.row.zone,
            (query.start, query.end),
            ctx.live.now(found),
        )


@router.get(f"{_CENTRE}/gb40879", response_model=Gb40879, summary="Grade by GB 40879")
def read_gb40879(
    park: str, centre: str, _: Annotated[Nothing, Query()], ctx: Ctx
) -> object:
    """RM1 by operating points, RM2 by meters, and their grades."""
    data_centre = ctx.live.park(park).data_centre(centre)
    with ctx.database.transaction() as conn:
        return gb40879.read(conn, data_centre)


@router.get(
    f"{_CENTRE}/designed-pue", response_model=DesignedPue, summary="Designed PUE"
)
def read_designed_pue(
    park: str, centre: str, _: Annotated[Nothing, Query()], ctx: Ctx
) -> object:
    """PUE of the design energy model (dPUE) beside what was measured."""
    found = ctx.live.park(park)
    data_centre = found.data_centre(centre).id
    with ctx.database.transaction() as conn:
        return design.read(conn, data_centre, found.row.zone, ctx.live.now(found))


@router.get("/portfolio", response_model=Portfolio, summary="All data centres together")
def read_portfolio(
    query: Annotated[PortfolioQuery, Query()], ctx: Ctx, who: Who
) -> object:
    """Sum over sum, and the mean weighted by E_DC, of each KPI."""
    for code in query.park or ():
        who.check(code)
    parks = query.park or filter(who.sees, ctx.live.catalogue.parks)
    chosen = [ctx.live.park(code).row.code for code in parks]
    with ctx.database.transaction() as conn:
        return portfolio.read(conn, chosen, query.period, query.at)
