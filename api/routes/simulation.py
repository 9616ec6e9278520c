"""Simulated parks for training: list of scenarios, start, state, stop."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api import problems
from api.auth.rights import Right, Who, needs
from api.context import Context, Ctx
from api.schemas.common import Page
from api.schemas.simulation import Scenario, Simulation, SimulationStart
from parkpulse.errors import IllegalTransitionError, NotFoundError
from simulators.scenario import document
from simulators.scenario.training import Training

if TYPE_CHECKING:
    from simulators.scenario.training import Session

router = APIRouter(
    prefix="/simulation", tags=["simulation"], dependencies=[needs(Right.READ)]
)


async def _of_request(request: Request) -> Training | None:
    training: Training | None = request.app.state.training
    return training


Trained = Annotated[Training | None, Depends(_of_request)]
"""Parameter of a handler that starts or shows simulations; None: nobody may."""


@router.get("/scenarios", response_model=Page[Scenario], summary="Scenarios")
def list_scenarios() -> object:
    """List the scenarios that are shipped."""
    items = [_described(code, each) for code, each in document.library().items()]
    return {"items": items, "next": None}


@router.get("", response_model=Simulation, summary="The scenario under way")
def training_now(training: Trained, ctx: Ctx, who: Who) -> object:
    """Tell what runs, or what was the last to run since the service started."""
    session = training.session if training else None
    is_foreign = session is not None and not who.sees(session.park)
    return _told(None if is_foreign else training, ctx)


@router.post(
    "",
    response_model=Simulation,
    summary="Start one",
    dependencies=[needs(Right.TRAIN)],
)
def start_training(
    body: SimulationStart, training: Trained, ctx: Ctx, request: Request
) -> object:
    """Start a scenario in a park of its own, marked as simulated; one at a time."""
    if training is None:
        return problems.respond(request, "training_off")
    if body.scenario not in document.library():
        kind = "scenario"
        raise NotFoundError(kind, body.scenario)
    try:
        training.start(body.scenario, speed=body.speed, now=datetime.now(UTC))
    except IllegalTransitionError:
        return _taken(request, training)
    return _told(training, ctx)


@router.delete(
    "", response_model=Simulation, summary="Stop it", dependencies=[needs(Right.TRAIN)]
)
def stop_training(training: Trained, ctx: Ctx, request: Request) -> object:
    """Stop what runs; its park and what it measured stay. Nothing runs: no change."""
    if training is None:
        return problems.respond(request, "training_off")
    training.stop()
    return _told(training, ctx)


def _taken(request: Request, training: Training) -> Response:
    current = training.session
    scenario, park = (current.scenario, current.park) if current else ("", "")
    return problems.respond(request, "training_running", scenario=scenario, park=park)


def _described(code: str, scenario: document.Scenario) -> dict[str, Any]:
    return {
        "code": code,
        "name": scenario.name,
        "about": scenario.about,
        "start": scenario.start.astimezone(UTC),
        "duration_h": scenario.duration_h,
        "devices": sum(msgspec.structs.astuple(scenario.devices)),
        "events": len(scenario.events) + len(scenario.storms),
    }


def _told(training: Training | None, ctx: Context) -> dict[str, Any]:
    session = training.session if training else None
    nothing = dict.fromkeys(("scenario", "park", "speed", "started_at", "now"))
    return {
        "allowed": training is not None,
        "state": training.state if training else "idle",
        **(_session(session, ctx) if session else nothing),
    }


def _session(session: Session, ctx: Context) -> dict[str, Any]:
    return {
        "scenario": _described(session.scenario, document.library()[session.scenario]),
        "park": session.park,
        "speed": session.speed,
        "started_at": session.started_at,
        "now": _clock(session.park, ctx),
    }


def _clock(park: str, ctx: Context) -> datetime | None:
    """Tell the park's own time; None as long as nothing of it has arrived."""
    try:
        found = ctx.live.park(park)
    except NotFoundError:
        return None
    return ctx.live.clocks.get(found.row.id)
