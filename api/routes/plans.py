"""The plan of a park: a drawing, and what lies where on it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import answers
from api.auth.rights import Right, needs
from api.context import Ctx
from api.schemas.plans import Plan, PlanBody, PositionsBody
from parkpulse.query import plans
from parkpulse.store.plans import Position

router = APIRouter(tags=["parks"], dependencies=[needs(Right.READ)])
_PATH = "/parks/{park}/plan"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A drawing that is opened by itself can do nothing but look."""


@router.get(_PATH, response_model=Plan, summary="Plan of a park")
def read_plan(park: str, ctx: Ctx) -> object:
    """Kind and size of the drawing, and where places and devices lie on it."""
    with ctx.database.transaction() as conn:
        return plans.read(conn, ctx.live.park(park))


@router.get(
    f"{_PATH}/image",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {"example": "<svg></svg>"}}}},
    summary="Drawing of a park",
)
def plan_image(park: str, request: Request, ctx: Ctx) -> Response:
    """Get the drawing, to be shown as an image."""
    with ctx.database.transaction() as conn:
        media_type, content = plans.image(conn, ctx.live.park(park))
    tag = answers.fingerprint(content)
    headers = {
        "etag": tag,
        "cache-control": "no-cache",
        "content-security-policy": _POLICY,
    }
    if answers.knows(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


@router.put(
    _PATH,
    response_model=Plan,
    summary="Give a park its drawing",
    dependencies=[needs(Right.REGISTRY)],
)
def put_plan(park: str, body: PlanBody, ctx: Ctx) -> object:
    """Take SVG, PNG or GeoJSON of up to 2 MiB; of an SVG only what is harmless."""
    found = ctx.live.park(park)
    with ctx.database.transaction() as conn:
        plans.put(conn, found, body.kind, body.content)
        return plans.read(conn, found)


@router.delete(
    _PATH,
    response_model=Plan,
    summary="Remove a park's drawing",
    dependencies=[needs(Right.REGISTRY)],
)
def remove_plan(park: str, ctx: Ctx) -> object:
    """Remove the drawing and all positions."""
    found = ctx.live.park(park)
    with ctx.database.transaction() as conn:
        plans.remove(conn, found)
        return plans.read(conn, found)


@router.put(
    f"{_PATH}/positions",
    response_model=Plan,
    summary="Say what lies where",
    dependencies=[needs(Right.REGISTRY)],
)
def put_positions(park: str, body: PositionsBody, ctx: Ctx) -> object:
    """Replace all positions."""
    found = ctx.live.park(park)
    wanted = [Position(each.kind, each.code, each.x, each.y) for each in body.items]
    with ctx.database.transaction() as conn:
        plans.put_positions(conn, found, wanted)
        return plans.read(conn, found)
