"""KPIs of a data centre."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import lists, tables
from api.auth.rights import Right, needs
from api.context import Context, Ctx
from api.schemas.common import Page
from api.schemas.kpis import (
    Kpi,
    KpiRevision,
    KpisQuery,
    RevisionsQuery,
    SummaryQuery,
)
from api.tables import Cell
from parkpulse.errors import InvalidRequestError
from parkpulse.model import kpi as model
from parkpulse.query import kpis
from parkpulse.query.kpis import Revised, Wanted
from parkpulse.query.paging import Page as Items

router = APIRouter(
    prefix="/parks/{park}/data-centres/{centre}/kpis",
    tags=["kpis"],
    dependencies=[needs(Right.READ)],
)
_COLUMNS = (
    "kpi,category,period,start,end,value,numerator_kwh,numerator_estimated_kwh,"
    "denominator_kwh,denominator_estimated_kwh,coverage,covered_s,estimated_s,"
    "elapsed_s,verdict,target,comparison,state,revision,computed_at,unit,"
    "numerator_unit"
)
_BLOCK = 1000


@router.get("", response_model=Page[Kpi], summary="KPIs by period")
def list_kpis(
    park: str,
    centre: str,
    query: Annotated[KpisQuery, Query()],
    request: Request,
    ctx: Ctx,
) -> object:
    """Rows with their evidence; `format=csv` gives all as a table."""
    wanted = Wanted(query.kpi, query.category, query.period, query.start, query.end)
    data_centre = ctx.live.park(park).data_centre(centre).id
    if tables.wanted(request, query.format):
        rows = _rows(ctx, data_centre, wanted, query.sort)
        return tables.respond("kpis", _COLUMNS.split(","), rows)
    with ctx.database.transaction() as conn:
        return kpis.page(
            conn,
            data_centre,
            wanted,
            limit=query.limit,
            cursor=query.cursor,
            order=query.sort,
        )


@router.get("/summary", response_model=Page[Kpi], summary="Newest KPIs")
async def newest_kpis(
    park: str,
    centre: str,
    query: Annotated[SummaryQuery, Query()],
    request: Request,
    ctx: Ctx,
) -> Response:
    """Newest row of each KPI, category and period, all on one page."""
    if query.cursor is not None:
        code, message = "invalid_cursor", "there is one page only"
        raise InvalidRequestError(code, message, "cursor")
    data_centre = ctx.live.park(park).data_centre(centre).id

    def build() -> Items[model.Kpi]:
        with ctx.database.transaction() as conn:
            return Items(kpis.summary(conn, data_centre), None)

    return await ctx.kept.give(request, build, "kpis", "registry")


@router.get("/revisions", response_model=Page[KpiRevision], summary="Changes of KPIs")
def list_revisions(
    park: str,
    centre: str,
    query: Annotated[RevisionsQuery, Query()],
    request: Request,
    ctx: Ctx,
) -> object:
    """Every change of a figure whose period was closed."""
    data_centre = ctx.live.park(park).data_centre(centre).id
    of = Revised(query.kpi, query.category, query.period, query.start)

    def page(limit: int, cursor: str | None) -> Items[model.KpiRevision]:
        with ctx.database.transaction() as conn:
            return kpis.revisions(
                conn, data_centre, of, limit=limit, cursor=cursor, order=query.sort
            )

    return lists.paged(request, query, page, KpiRevision)


def _rows(
    ctx: Context, data_centre: int, wanted: Wanted, order: str
) -> Iterator[tuple[Cell, ...]]:
    cursor: str | None = None
    while True:
        with ctx.database.transaction() as conn:
            page = kpis.page(
                conn, data_centre, wanted, limit=_BLOCK, cursor=cursor, order=order
            )
        yield from map(_row, page.items)
        cursor = page.next
        if cursor is None:
            return


def _row(each: model.Kpi) -> tuple[Cell, ...]:
    return tuple(getattr(each, name) for name in _COLUMNS.split(","))
