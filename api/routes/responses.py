"""Response plans: what a rule's alerts ask of people and of local controllers."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from api.auth.rights import Right, Who, needs
from api.context import Ctx
from api.schemas.common import Code
from api.schemas.responses import (
    Ask,
    Checklist,
    Command,
    Commands,
    NewResponsePlan,
    ResponsePlan,
    Tick,
)
from parkpulse.query import commands, responses
from parkpulse.query.alert_actions import By

router = APIRouter(tags=["alerts"], dependencies=[needs(Right.READ)])
_Rule = Annotated[Code, Path()]


@router.get(
    "/parks/{park}/response-plans/{rule}",
    response_model=ResponsePlan,
    summary="Response plan of a rule",
)
def response_plan(park: str, rule: _Rule, ctx: Ctx) -> object:
    """Tell what is to be done when an alert of this rule is raised."""
    with ctx.database.transaction() as conn:
        return responses.plan(conn, park, rule)


@router.put(
    "/parks/{park}/response-plans/{rule}",
    response_model=ResponsePlan,
    summary="Change the response plan of a rule",
    dependencies=[needs(Right.EDIT_DUTY)],
)
def put_response_plan(
    park: str, rule: _Rule, body: NewResponsePlan, ctx: Ctx, who: Who
) -> object:
    """Put another plan in force; the ones before stay as its history."""
    wanted = responses.read(body.steps, body.commands)
    with ctx.database.transaction() as conn:
        return responses.put(conn, park, rule, wanted, who.signs(body.actor))


@router.get(
    "/alerts/{alert_id}/checklist",
    response_model=Checklist,
    summary="Checklist of an alert",
)
def checklist(alert_id: UUID, ctx: Ctx) -> object:
    """List the steps of the alert's response plan and who has done them."""
    with ctx.database.transaction() as conn:
        return {"steps": responses.checklist(conn, alert_id)}


@router.post(
    "/alerts/{alert_id}/checklist",
    response_model=Checklist,
    summary="Tick a step",
    dependencies=[needs(Right.ACKNOWLEDGE)],
)
def tick(alert_id: UUID, body: Tick, ctx: Ctx, who: Who) -> object:
    """Say that a step was done; a line of the alert's history."""
    by = By(who.signs(body.actor), body.comment, body.version)
    with ctx.database.transaction() as conn:
        steps = responses.tick(conn, alert_id, body.step, by, done=body.done)
    return {"steps": steps}


@router.get(
    "/alerts/{alert_id}/commands",
    response_model=Commands,
    summary="Commands of an alert",
)
def alert_commands(alert_id: UUID, ctx: Ctx) -> object:
    """List what may be asked of local controllers for the alert, and what was."""
    with ctx.database.transaction() as conn:
        return commands.of_alert(conn, alert_id)


@router.post(
    "/alerts/{alert_id}/commands",
    response_model=Command,
    status_code=201,
    summary="Ask a local controller",
    dependencies=[needs(Right.ACKNOWLEDGE)],
)
def request_command(alert_id: UUID, body: Ask, ctx: Ctx, who: Who) -> object:
    """Ask for a command of the response plan; the controller decides what it does."""
    by = By(who.signs(body.actor), body.comment, body.version)
    with ctx.database.transaction() as conn:
        return commands.request(conn, alert_id, body.code, by)
