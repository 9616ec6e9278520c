"""Alerts of a park, one in detail, and its acknowledgement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import tables
from api.auth.rights import Right, Who, needs
from api.context import Context, Ctx
from api.schemas.alarm_performance import Performance, PerformanceQuery
from api.schemas.alerts import Acknowledgement, Alert, AlertDetail, AlertsQuery
from api.schemas.common import Page
from api.tables import Cell
from parkpulse.model.alert import SEVERITIES, SHOWN_STATES, ShownState
from parkpulse.model.alert import Alert as AlertView
from parkpulse.query import alarm_performance as performance
from parkpulse.query import alerts, responses
from parkpulse.query.paging import Page as Items
from parkpulse.store.alerts import Search

router = APIRouter(tags=["alerts"], dependencies=[needs(Right.READ)])
_COLUMNS = (
    "id,rule,rule_name_zh,rule_name_en,subject,park,place,device,device_name_zh,"
    "device_name_en,metric,unit,severity,state,retroactive,onset,raised_at,cleared_at,"
    "acknowledged_at,acknowledged_by,value,limit,direction,assignee,quiet,quiet_until"
)
_BLOCK = 1000


@router.get(
    "/parks/{park}/alerts", response_model=Page[Alert], summary="Alerts of a park"
)
async def list_alerts(
    park: str, query: Annotated[AlertsQuery, Query()], request: Request, ctx: Ctx
) -> Response:
    """Alerts by filter and order; `format=csv` gives all of them as a table."""
    search = _search(ctx.live.park(park).row.code, query)
    if tables.wanted(request, query.format):
        rows = _rows(ctx, search, query.sort)
        return tables.respond("alerts", _COLUMNS.split(","), rows)

    def build() -> Items[AlertView]:
        with ctx.database.transaction() as conn:
            return alerts.listed(
                conn, search, order=query.sort, limit=query.limit, cursor=query.cursor
            )

    return await ctx.kept.give(request, build, "alerts", "registry")


@router.get(
    "/parks/{park}/alerts/performance",
    response_model=Performance,
    summary="Alarm performance of a park",
)
def alarm_performance(
    park: str, query: Annotated[PerformanceQuery, Query()], ctx: Ctx
) -> object:
    """Rates, floods, bad actors, stale alarms and answers by ISA-18.2."""
    with ctx.database.transaction() as conn:
        return performance.performance(conn, park, query.start, query.end, query.place)


@router.get("/alerts/{alert_id}", response_model=AlertDetail, summary="One alert")
def one_alert(alert_id: UUID, ctx: Ctx) -> object:
    """One alert with its history, the attempts to tell of it, and its checklist."""
    with ctx.database.transaction() as conn:
        found = alerts.detail(conn, alert_id)
        steps = responses.checklist(conn, alert_id)
    alert = Alert.model_validate(found.alert)
    return {
        **alert.model_dump(),
        "events": found.events,
        "deliveries": found.deliveries,
        "checklist": steps,
    }


@router.post(
    "/alerts/{alert_id}/acknowledge",
    response_model=Alert,
    summary="Acknowledge an alert",
    dependencies=[needs(Right.ACKNOWLEDGE)],
)
def acknowledge(alert_id: UUID, body: Acknowledgement, ctx: Ctx, who: Who) -> object:
    """Say that somebody has seen the alert and takes care of it."""
    actor = who.signs(body.actor)
    with ctx.database.transaction() as conn:
        return alerts.acknowledge(
            conn,
            alert_id,
            actor,
            comment=body.comment,
            version=body.version,
            page_url=ctx.page_url,
        )


def _search(park: str, query: AlertsQuery) -> Search:
    states: set[ShownState] = set()
    for name in query.state:
        if name == "all":
            states.update(SHOWN_STATES)
        elif name == "active":
            states.update(alerts.UNFINISHED)
        else:
            states.add(name)
    return Search(
        park=park,
        states=sorted(states),
        severities=query.severity or SEVERITIES,
        retroactive=query.retroactive,
        since=query.since,
        text=query.q,
        assignee=query.assignee,
        rule=query.rule,
        place=query.place,
        device=query.device,
        quiet=query.quiet,
    )


def _rows(ctx: Context, search: Search, order: str) -> Iterator[tuple[Cell, ...]]:
    cursor: str | None = None
    while True:
        with ctx.database.transaction() as conn:
            page = alerts.listed(conn, search, order=order, limit=_BLOCK, cursor=cursor)
        yield from map(_row, page.items)
        cursor = page.next
        if cursor is None:
            return


def _row(alert: AlertView) -> tuple[Cell, ...]:
    device = alert.device_name
    return (
        alert.id,
        alert.rule.code,
        alert.rule.name.zh,
        alert.rule.name.en,
        alert.subject,
        alert.park,
        alert.place,
        alert.device,
        device.zh if device else None,
        device.en if device else None,
        alert.metric,
        alert.unit,
        alert.severity,
        alert.state,
        alert.retroactive,
        alert.onset,
        alert.raised_at,
        alert.cleared_at,
        alert.acknowledged_at,
        alert.acknowledged_by,
        alert.value,
        alert.limit,
        alert.direction,
        alert.assignee,
        alert.quiet.kind if alert.quiet else None,
        alert.quiet.until if alert.quiet else None,
    )
