"""Figures of the service itself for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from api import metrics
from api.auth.rights import Right, needs
from api.context import Ctx

router = APIRouter(dependencies=[needs(Right.SYSTEM)])


@router.get("/metrics", include_in_schema=False)
def scrape(ctx: Ctx, request: Request) -> Response:
    """Tell all figures; they are of all parks."""
    certificates = request.app.state.certificates
    found = generate_latest(metrics.registry(ctx.database, certificates))
    return Response(found, media_type=CONTENT_TYPE_LATEST)
