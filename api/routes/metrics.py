"""Figures of the service itself for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from api import metrics
from api.auth.rights import Right, needs
from api.context import Ctx

router = APIRouter(dependencies=[needs(Right.SYSTEM)])


@router.get("/metrics", include_in_schema=False)
def scrape(ctx: Ctx) -> Response:
    """Tell all figures; they are of all parks."""
    found = generate_latest(metrics.registry(ctx.database))
    return Response(found, media_type=CONTENT_TYPE_LATEST)
