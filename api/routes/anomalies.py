"""Readings that are unusual for their series."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api import lists
from api.auth.rights import Right, needs
from api.context import Ctx
from api.schemas.anomalies import AnomaliesQuery, Anomaly
from api.schemas.common import Page
from parkpulse.query import anomalies
from parkpulse.query.paging import Page as Items
from parkpulse.store.anomalies import Search

router = APIRouter(tags=["alerts"], dependencies=[needs(Right.READ)])


@router.get(
    "/parks/{park}/anomalies",
    response_model=Page[Anomaly],
    summary="Unusual readings of a park",
)
def list_anomalies(
    park: str, query: Annotated[AnomaliesQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """List what the streaming detector found unusual, and why.

    Rules of kind `anomaly` say which series it follows.
    """
    search = Search(
        park=ctx.live.park(park).row.code,
        start=query.start,
        end=query.end,
        device=query.device,
        place=query.place,
        metric=query.metric,
        series=query.series,
        least_score=query.min_score,
    )

    def page(limit: int, cursor: str | None) -> Items[anomalies.Anomaly]:
        with ctx.database.transaction() as conn:
            return anomalies.page(
                conn, search, limit=limit, cursor=cursor, order=query.sort
            )

    return lists.paged(request, query, page, Anomaly)
