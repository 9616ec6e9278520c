"""Devices and series of a park."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api import lists, problems, tables
from api.auth.rights import Right, needs
from api.context import Ctx
from api.schemas.common import Page, SeriesId
from api.schemas.devices import (
    Device,
    DevicesQuery,
    Metric,
    MetricsQuery,
    Series,
    SeriesQuery,
)
from api.tables import Cell
from parkpulse.model.metrics import METRICS
from parkpulse.query import alerts, devices, series
from parkpulse.query.devices import DeviceFilter, DeviceView
from parkpulse.query.series import ReadingView, SeriesFilter, SeriesView

router = APIRouter(dependencies=[needs(Right.READ)])
_DEVICE_COLUMNS = (
    "code,name_zh,name_en,kind,place,state,clock,report_interval_s,last_received_at,"
    "last_ts,silent"
)
_SERIES_COLUMNS = (
    "id,device,device_name_zh,device_name_en,place,metric,unit,kind,group,"
    "report_interval_s,ts,value,quality,stale"
)


@router.get(
    "/parks/{park}/devices",
    response_model=Page[Device],
    summary="Devices of a park",
    tags=["devices"],
)
def list_devices(
    park: str, query: Annotated[DevicesQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """Devices by filter and order; `format=csv` gives all of them as a table."""
    wanted = DeviceFilter(query.state, query.kind, query.place, query.q, query.silent)
    views = devices.listing(ctx.look(park), wanted)
    if tables.wanted(request, query.format):
        return tables.respond("devices", _DEVICE_COLUMNS.split(","), _devices(views))
    speech = problems.wanted_language(request.headers)
    return devices.page(views, query.sort, speech, query.limit, query.cursor)


@router.get(
    "/parks/{park}/series",
    response_model=Page[Series],
    summary="Series of a park",
    tags=["series"],
)
def list_series(
    park: str, query: Annotated[SeriesQuery, Query()], request: Request, ctx: Ctx
) -> Response:
    """Series by filter and order, each with its newest reading and its limits."""
    wanted = SeriesFilter(query.metric, query.device, query.place, query.group, query.q)
    seen = ctx.look(park)
    entries = series.listing(seen, wanted)
    if query.alert is not None:
        with ctx.database.transaction() as conn:
            device = alerts.device_of(conn, park, query.alert)
        entries = [each for each in entries if each[0].code == device]
    if tables.wanted(request, query.format):
        rows = _series(series.views(seen, entries, ctx.live.limits))
        return tables.respond("series", _SERIES_COLUMNS.split(","), rows)
    page = series.page(
        seen, entries, ctx.live.limits, query.limit, query.cursor, query.sort
    )
    # A thousand at a time are the page's first question: no model in between.
    return Response(msgspec.json.encode(page), media_type="application/json")


@router.get(
    "/metrics",
    response_model=Page[Metric],
    summary="What series may measure",
    tags=["series"],
)
def list_metrics(query: Annotated[MetricsQuery, Query()], request: Request) -> object:
    """All metrics with their names and units, whether a series has them or not."""
    found = [
        {
            "code": each.name,
            "name": {"zh": each.zh, "en": each.en},
            "unit": each.unit,
            "kind": each.kind,
            "group": each.group,
            "minimum": each.minimum,
            "maximum": each.maximum,
        }
        for each in METRICS.values()
    ]
    return lists.give(request, query, found, Metric, ("code",))


@router.get(
    "/series/{series_id}",
    response_model=Series,
    summary="One series",
    tags=["series"],
)
def one_series(series_id: Annotated[SeriesId, Path()], ctx: Ctx) -> object:
    """One series with its newest reading and its limits."""
    return series.one(ctx.live, series_id)


def _devices(views: Iterable[DeviceView]) -> Iterator[tuple[Cell, ...]]:
    for view in views:
        yield (
            view.code,
            view.name.zh,
            view.name.en,
            view.kind,
            view.place,
            view.state,
            view.clock,
            view.report_interval_s,
            view.last_received_at,
            view.last_ts,
            view.silent,
        )


def _series(views: Iterable[SeriesView]) -> Iterator[tuple[Cell, ...]]:
    for view in views:
        yield (
            view.id,
            view.device,
            view.device_name.zh,
            view.device_name.en,
            view.place,
            view.metric,
            view.unit,
            view.kind,
            view.group,
            view.report_interval_s,
            *_latest(view.latest),
        )


def _latest(newest: ReadingView | None) -> tuple[Cell, ...]:
    if newest is None:
        return (None, None, None, None)
    return (newest.ts, newest.value, newest.quality, newest.stale)
