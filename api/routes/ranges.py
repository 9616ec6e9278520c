"""A series over a stretch of time."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import answers, tables
from api.auth.rights import Right, needs
from api.context import Context, Ctx
from api.schemas.common import SeriesId
from api.schemas.ranges import Range, RangeQuery, Summary, SummaryQuery
from api.tables import Cell
from parkpulse.errors import NotFoundError
from parkpulse.query import courses, ranges, summaries

if TYPE_CHECKING:
    from api.answers import Body
    from parkpulse.query.ranges import Chart
    from parkpulse.store.pool import Connection

router = APIRouter(tags=["series"], dependencies=[needs(Right.READ)])
_BLOCK = 20_000
_Row = tuple[datetime, float, int]
_NEXT = timedelta(microseconds=1)


@router.get(
    "/series/{series_id}/range", response_model=Range, summary="Points of a series"
)
async def read_range(
    series_id: Annotated[SeriesId, Path()],
    query: Annotated[RangeQuery, Query()],
    request: Request,
    ctx: Ctx,
) -> Response:
    """About as many points as asked for, with every extreme kept.

    As a table it is all readings of the stretch, however many.
    """
    if tables.wanted(request, query.format):
        return await run_in_threadpool(_table, ctx, series_id, query)
    chart = _known(ctx, series_id, query)
    if chart is not None and chart.is_small:
        body = await ctx.charts.get(chart)
    else:
        body = await run_in_threadpool(_alone, ctx, series_id, query, chart)
    return body.respond(request)


def _known(ctx: Context, series_id: int, query: RangeQuery) -> Chart | None:
    """Tell what is asked of a series that this process knows already."""
    try:
        known = ctx.live.catalogue.series(series_id).series
    except NotFoundError:
        return None
    asked = courses.of_known(known, query.start, query.end)
    return ranges.chart(asked, query.points, query.tier)


def _alone(
    ctx: Context, series_id: int, query: RangeQuery, known: Chart | None
) -> Body:
    def ask(conn: Connection) -> ranges.Range:
        # It may have been registered a moment ago.
        chart = known or ranges.chart(
            courses.ask(conn, series_id, query.start, query.end),
            query.points,
            query.tier,
        )
        return ranges.read(conn, chart)

    return answers.body(ctx.database.read(ask))


def _table(ctx: Context, series_id: int, query: RangeQuery) -> Response:
    with ctx.database.transaction() as conn:
        courses.ask(conn, series_id, query.start, query.end)
    rows = _readings(ctx, series_id, query.start, query.end)
    return tables.respond(f"series-{series_id}", ("ts", "value", "quality"), rows)


@router.get(
    "/series/{series_id}/summary",
    response_model=Summary,
    summary="What a stretch of a series amounts to",
)
def read_summary(
    series_id: Annotated[SeriesId, Path()],
    query: Annotated[SummaryQuery, Query()],
    ctx: Ctx,
) -> object:
    """Sum, extremes, greatest windows, civil days and missing readings."""
    with ctx.database.transaction() as conn:
        return summaries.summary(
            conn,
            series_id,
            query.start,
            query.end,
            windows_s=query.windows_s(),
            day_zone=query.day_zone,
        )


def _readings(
    ctx: Context, series_id: int, start: datetime, end: datetime
) -> Iterator[tuple[Cell, ...]]:
    """Read block by block, so that a slow caller holds no connection."""
    while start < end:
        with ctx.database.transaction() as conn:
            found = courses.rows(conn, series_id, start, end)
            with contextlib.closing(cast("Generator[_Row]", found)) as rows:
                block = list(itertools.islice(rows, _BLOCK))
        yield from block
        if len(block) < _BLOCK:
            return
        start = block[-1][0] + _NEXT
