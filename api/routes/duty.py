"""Duty plans of a park and who is on duty."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request

from api import lists
from api.auth.rights import Right, Who, needs
from api.context import Ctx
from api.schemas.common import Page
from api.schemas.duty import (
    DutyQuery,
    Escalation,
    EscalationsQuery,
    NewPlan,
    NewSubstitution,
    OnDuty,
    StoredPlan,
)
from parkpulse.model.duty import Substitution
from parkpulse.query import duty
from parkpulse.store.duty import StoredPlan as StoredDuty

router = APIRouter(tags=["alerts"], dependencies=[needs(Right.READ)])


def _shown(stored: StoredDuty) -> dict[str, object]:
    return {**stored._asdict(), "plan": msgspec.to_builtins(stored.plan)}


@router.get("/parks/{park}/duty", response_model=OnDuty, summary="Who is on duty")
def on_duty(park: str, query: Annotated[DutyQuery, Query()], ctx: Ctx) -> object:
    """Who is on duty at a time, by default now, substitutes in place."""
    with ctx.database.transaction() as conn:
        return duty.on_duty(conn, park, query.at)


@router.get("/parks/{park}/duty/plan", response_model=StoredPlan, summary="Duty plan")
def duty_plan(park: str, ctx: Ctx) -> object:
    """People, rosters and escalation policies in force."""
    with ctx.database.transaction() as conn:
        return _shown(duty.plan(conn, park))


@router.put(
    "/parks/{park}/duty/plan",
    response_model=StoredPlan,
    summary="Change the duty plan",
    dependencies=[needs(Right.EDIT_DUTY)],
)
def put_duty_plan(park: str, body: NewPlan, ctx: Ctx, who: Who) -> object:
    """Put another plan in force; the ones before stay as its history."""
    plan = duty.read(body.plan, "/plan")
    with ctx.database.transaction() as conn:
        return _shown(duty.put(conn, park, plan, who.signs(body.actor), body.version))


@router.post(
    "/parks/{park}/duty/substitutions",
    response_model=StoredPlan,
    summary="Let somebody stand in",
    dependencies=[needs(Right.EDIT_DUTY)],
)
def substitute(park: str, body: NewSubstitution, ctx: Ctx, who: Who) -> object:
    """Add a substitution to a roster; answers with the plan."""
    new = Substitution(
        start=body.start,
        end=body.end,
        by=body.by,
        person=body.person,
        reason=body.reason,
    )
    with ctx.database.transaction() as conn:
        found = duty.substitute(conn, park, body.roster, new, who.signs(body.actor))
    return _shown(found)


@router.get(
    "/parks/{park}/escalations",
    response_model=Page[Escalation],
    summary="Escalations under way",
)
def escalations(
    park: str,
    query: Annotated[EscalationsQuery, Query()],
    request: Request,
    ctx: Ctx,
) -> object:
    """Who was called last for alerts that nobody has answered, and when the next is."""
    with ctx.database.transaction() as conn:
        found = duty.escalations(conn, park)
    return lists.give(request, query, found, Escalation, ("alert", "policy"))
