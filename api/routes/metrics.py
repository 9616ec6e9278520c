"""Figures of the service itself for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from api import metrics
from api.auth.rights import Right, Who, needs
from api.context import Ctx
from parkpulse.errors import ForbiddenError

router = APIRouter(dependencies=[needs(Right.READ)])


@router.get("/metrics", include_in_schema=False)
def scrape(ctx: Ctx, who: Who) -> Response:
    """Tell all figures; they are of all parks, so who sees only some gets none."""
    if who.parks is not None:
        code = "all_parks_needed"
        raise ForbiddenError(code)
    found = generate_latest(metrics.registry(ctx.database))
    return Response(found, media_type=CONTENT_TYPE_LATEST)
