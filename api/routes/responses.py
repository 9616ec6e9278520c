"""Response plans: a rule's checklist, and ticking it at an alert."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from api.context import Ctx
from api.schemas.common import Code
from api.schemas.responses import Checklist, NewSteps, StoredSteps, Tick
from parkpulse.query import responses
from parkpulse.query.alert_actions import By

router = APIRouter(tags=["alerts"])
_Rule = Annotated[Code, Path()]


@router.get(
    "/parks/{park}/response-plans/{rule}",
    response_model=StoredSteps,
    summary="Checklist of a rule",
)
def response_plan(park: str, rule: _Rule, ctx: Ctx) -> object:
    """Tell what is to be done when an alert of this rule is raised."""
    with ctx.database.transaction() as conn:
        return responses.plan(conn, park, rule)


@router.put(
    "/parks/{park}/response-plans/{rule}",
    response_model=StoredSteps,
    summary="Change the checklist of a rule",
)
def put_response_plan(park: str, rule: _Rule, body: NewSteps, ctx: Ctx) -> object:
    """Put another checklist in force; the ones before stay as its history."""
    steps = responses.read(body.steps)
    with ctx.database.transaction() as conn:
        return responses.put(conn, park, rule, steps, body.actor)


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
    "/alerts/{alert_id}/checklist", response_model=Checklist, summary="Tick a step"
)
def tick(alert_id: UUID, body: Tick, ctx: Ctx) -> object:
    """Say that a step was done; a line of the alert's history."""
    by = By(body.actor, body.comment, body.version)
    with ctx.database.transaction() as conn:
        steps = responses.tick(conn, alert_id, body.step, by, done=body.done)
    return {"steps": steps}
