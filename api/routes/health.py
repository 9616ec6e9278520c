"""Whether the service is well."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from api import problems
from api.auth.rights import open_to_all
from api.context import Context, Ctx
from api.schemas.health import Health, Ready
from parkpulse.errors import StoreError
from parkpulse.query import health
from parkpulse.query.health import Part
from parkpulse.store import health as health_store
from parkpulse.store import workers

if TYPE_CHECKING:
    from api.language import Language

router = APIRouter(tags=["health"], dependencies=[open_to_all()])
VERSION = version("parkpulse")


@router.get("/health", response_model=Health, summary="Is the process alive?")
async def alive() -> object:
    """Answer as long as the process runs; looks at nothing else."""
    return {"status": "alive", "version": VERSION}


@router.get(
    "/ready",
    response_model=Ready,
    summary="Can the service do its work?",
    responses={503: {"description": "Unready: the parts say why.", "model": Ready}},
)
def ready(request: Request, response: Response, ctx: Ctx) -> object:
    """Tell how the service is, part by part; 503 when it cannot answer for parks."""
    found = summary(request, ctx)
    response.status_code = 503 if found["status"] == "unready" else 200
    return found


def summary(request: Request, ctx: Context) -> dict[str, Any]:
    """Sum the service up in the caller's language."""
    parts = _parts(ctx)
    speech = problems.wanted_language(request.headers)
    told = [_tell(part, speech) for part in parts]
    return {"status": health.status(parts), "parts": told}


def _parts(ctx: Context) -> list[Part]:
    try:
        with ctx.database.transaction() as conn:
            signs = health_store.signs(conn)
            known = workers.workers(conn)
    except StoreError:
        return [Part("database", "failed", "unreachable"), _live(ctx)]
    reachable = Part("database", "ok", "reachable")
    now = datetime.now(UTC)
    ingest = [*health.of_workers(known, now), *health.of_disk(known, now)]
    return [reachable, _live(ctx), *ingest, *health.of_signs(signs)]


def _live(ctx: Context) -> Part:
    if ctx.follower.is_following:
        return Part("live", "ok", "following")
    return Part("live", "failed", "not_following")


def _tell(part: Part, speech: Language) -> dict[str, str]:
    text = problems.TEXTS["health"][part.code][speech]
    return {
        "name": part.name,
        "status": part.condition,
        "detail": text.format(age=round(part.age_s)),
    }
