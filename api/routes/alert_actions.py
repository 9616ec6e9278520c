"""What people do with alerts, and the maintenance windows of a park."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api import lists
from api.auth.rights import Caller, Right, Who, needs
from api.context import Ctx
from api.schemas.alerts import (
    Acknowledgement,
    Acknowledgements,
    Alert,
    Assignment,
    Outcomes,
    Shelving,
)
from api.schemas.common import Page
from api.schemas.maintenance import (
    Ending,
    NewSuppression,
    NewWindow,
    Suppression,
    SuppressionsQuery,
    Window,
    WindowsQuery,
)
from parkpulse.query import alert_actions, alerts, maintenance
from parkpulse.query.alert_actions import By, Outcome
from parkpulse.store.pool import Connection

router = APIRouter(tags=["alerts"], dependencies=[needs(Right.READ)])
_Handler = TypeVar("_Handler", bound=Callable[..., object])


def _action(name: str, summary: str) -> Callable[[_Handler], _Handler]:
    """Serve what an operator does with one alert, which answers with the alert."""
    return router.post(
        f"/alerts/{{alert_id}}/{name}",
        response_model=Alert,
        summary=summary,
        dependencies=[needs(Right.ACKNOWLEDGE)],
    )


def _by(body: Acknowledgement, who: Caller) -> By:
    return By(who.signs(body.actor), body.comment, body.version)


@router.post(
    "/alerts/acknowledge",
    response_model=Outcomes,
    summary="Acknowledge several alerts",
    dependencies=[needs(Right.ACKNOWLEDGE)],
)
def acknowledge_several(body: Acknowledgements, ctx: Ctx, who: Who) -> object:
    """Acknowledge each that can be; the others are listed with a code."""
    by = By(who.signs(body.actor), body.comment)
    with ctx.database.transaction() as conn:
        own, foreign = _own(conn, body.ids, who)
        found = alert_actions.acknowledge_many(conn, own, by, ctx.page_url)
    return {"items": [*found, *foreign]}


def _own(
    conn: Connection, ids: list[UUID], who: Caller
) -> tuple[list[UUID], list[Outcome]]:
    """Part alerts of one's own parks from others, which are answered as unknown."""
    if who.parks is None:
        return ids, []
    parks = {UUID(each.id): each.park for each in alerts.by_ids(conn, ids)}
    own = [each for each in ids if parks.get(each) in who.parks]
    rest = sorted(set(ids) - set(own))
    return own, [Outcome(each, None, "not_found") for each in rest]


@_action("shelve", "Shelve an alert")
def change_by_shelving(alert_id: UUID, body: Shelving, ctx: Ctx, who: Who) -> object:
    """Call nobody for it until a time on the park's clock; `comment` says why."""
    with ctx.database.transaction() as conn:
        return alert_actions.shelve(conn, alert_id, _by(body, who), body.until)


@_action("unshelve", "End shelving")
def change_by_unshelving(
    alert_id: UUID, body: Acknowledgement, ctx: Ctx, who: Who
) -> object:
    """End shelving before its time; an alert that lasts calls at once."""
    with ctx.database.transaction() as conn:
        return alert_actions.unshelve(conn, alert_id, _by(body, who), ctx.page_url)


@_action("out-of-service", "Take an alert out of service")
def change_by_taking_out(
    alert_id: UUID, body: Acknowledgement, ctx: Ctx, who: Who
) -> object:
    """Call nobody for it until it is put back; `comment` says why."""
    with ctx.database.transaction() as conn:
        return alert_actions.take_out_of_service(conn, alert_id, _by(body, who))


@_action("in-service", "Put an alert back into service")
def change_by_putting_back(
    alert_id: UUID, body: Acknowledgement, ctx: Ctx, who: Who
) -> object:
    """Put it back into service; an alert that lasts calls at once."""
    with ctx.database.transaction() as conn:
        return alert_actions.return_to_service(
            conn, alert_id, _by(body, who), ctx.page_url
        )


@_action("assign", "Assign an alert")
def assign(alert_id: UUID, body: Assignment, ctx: Ctx, who: Who) -> object:
    """Say who takes care of it."""
    with ctx.database.transaction() as conn:
        return alert_actions.assign(conn, alert_id, _by(body, who), body.assignee)


@_action("comment", "Comment on an alert")
def comment(alert_id: UUID, body: Acknowledgement, ctx: Ctx, who: Who) -> object:
    """Add a comment to its history."""
    with ctx.database.transaction() as conn:
        return alert_actions.comment(conn, alert_id, _by(body, who))


@router.get(
    "/parks/{park}/maintenance",
    response_model=Page[Window],
    summary="Maintenance windows of a park",
)
def list_windows(
    park: str, query: Annotated[WindowsQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """Windows that are open or to come, with `past` also the others."""
    with ctx.database.transaction() as conn:
        found = maintenance.listed(conn, park, with_past=query.past)
    return lists.give(request, query, found, Window, ("id",))


@router.post(
    "/parks/{park}/maintenance",
    response_model=Window,
    summary="Open a window",
    dependencies=[needs(Right.MAINTAIN)],
)
def open_window(park: str, body: NewWindow, ctx: Ctx, who: Who) -> object:
    """Record alerts of this scope and call nobody, from start to end."""
    by = who.signs(body.by, "/by")
    asked = maintenance.Asked(**{**body.model_dump(), "by": by})
    with ctx.database.transaction() as conn:
        return maintenance.add(conn, park, asked)


@router.post(
    "/parks/{park}/maintenance/{window}/end",
    response_model=Window,
    summary="End a window now",
    dependencies=[needs(Right.MAINTAIN)],
)
def end_window(park: str, window: int, body: Ending, ctx: Ctx, who: Who) -> object:
    """End a window before its time: what still holds calls at once."""
    by = who.signs(body.by, "/by")
    with ctx.database.transaction() as conn:
        return maintenance.end(conn, park, maintenance.checked_id(window), by)


@router.get(
    "/parks/{park}/suppressions",
    response_model=Page[Suppression],
    summary="Suppression by design",
)
def list_suppressions(
    park: str,
    query: Annotated[SuppressionsQuery, Query()],
    request: Request,
    ctx: Ctx,
) -> object:
    """Rules whose alerts call nobody while an alert of their cause lasts."""
    with ctx.database.transaction() as conn:
        found = maintenance.suppressions(conn, park)
    return lists.give(request, query, found, Suppression, ("cause_rule", "id"))


@router.post(
    "/parks/{park}/suppressions",
    response_model=Page[Suppression],
    summary="Suppress a rule by its cause",
    dependencies=[needs(Right.MAINTAIN)],
)
def put_suppression(park: str, body: NewSuppression, ctx: Ctx, who: Who) -> object:
    """Add or change a suppression; answers with all of the park."""
    by = who.signs(body.by, "/by")
    cause = maintenance.Cause(**{**body.model_dump(), "by": by})
    with ctx.database.transaction() as conn:
        maintenance.suppress(conn, park, cause)
        found = maintenance.suppressions(conn, park)
    return {"items": found, "next": None}


@router.delete(
    "/parks/{park}/suppressions/{suppression}",
    response_model=Page[Suppression],
    summary="Remove a suppression",
    dependencies=[needs(Right.MAINTAIN)],
)
def drop_suppression(park: str, suppression: int, ctx: Ctx) -> object:
    """Remove a suppression; answers with all that are left."""
    with ctx.database.transaction() as conn:
        maintenance.unsuppress(conn, park, maintenance.checked_id(suppression))
        found = maintenance.suppressions(conn, park)
    return {"items": found, "next": None}
