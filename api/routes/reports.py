"""Reports: made from figures that are frozen, handed out as PDF and workbook."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api import answers, problems
from api.auth.rights import Right, Who, needs
from api.context import Ctx
from api.schemas.common import Page
from api.schemas.reports import FileQuery, NewReport, Report, ReportsQuery
from parkpulse.model import instants
from parkpulse.model.report import FileFormat
from parkpulse.query import paging
from parkpulse.query.paging import Key
from parkpulse.query.reports import Order
from parkpulse.reports.desk import Desk
from parkpulse.store import reports
from parkpulse.store.reports import ReportRow, Wanted

router = APIRouter(
    prefix="/parks/{park}/reports", tags=["reports"], dependencies=[needs(Right.READ)]
)
_TYPES: dict[FileFormat, str] = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FOR_EVER = "private, max-age=31536000, immutable"


async def _of_request(request: Request) -> Desk:
    desk: Desk = request.app.state.reports
    return desk


TheDesk = Annotated[Desk, Depends(_of_request)]
"""Parameter of a handler that makes or writes reports."""


@router.get("", response_model=Page[Report], summary="Reports that were made")
def list_reports(
    park: str, query: Annotated[ReportsQuery, Query()], ctx: Ctx
) -> object:
    """List reports, the newest first unless told otherwise."""
    code = ctx.live.park(park).row.code
    with ctx.database.transaction() as conn:
        found = reports.listed(conn, Wanted(code, query.kind, query.data_centre))
    by_period = query.sort.endswith("period")

    def key(row: ReportRow) -> Key:
        moment = row.start if by_period else row.made_at
        return instants.to_us(moment), str(row.id)

    return paging.cut(
        found, key, order=query.sort, limit=query.limit, cursor=query.cursor
    )


@router.post(
    "",
    response_model=Report,
    status_code=201,
    summary="Make a report",
    dependencies=[needs(Right.REPORT)],
)
def make_report(
    park: str, body: NewReport, ctx: Ctx, who: Who, desk: TheDesk
) -> object:
    """Freeze the figures of a period; later corrections do not change the report."""
    code = ctx.live.park(park).row.code
    name = who.signs(body.actor)
    return desk.make(Order(code, body.kind, body.period, body.data_centre, name))


@router.get(
    "/{report_id}.pdf",
    summary="A report as PDF",
    response_class=Response,
    responses={200: {"content": {_TYPES["pdf"]: {"example": "%PDF-1.7 …"}}}},
)
def report_as_pdf(
    park: str,
    report_id: UUID,
    query: Annotated[FileQuery, Query()],
    request: Request,
    desk: TheDesk,
) -> Response:
    """PDF/A with its font embedded; the same bytes whenever it is asked for."""
    return _file(desk, request, (park, report_id), "pdf", query)


@router.get(
    "/{report_id}.xlsx",
    summary="A report as workbook",
    response_class=Response,
    responses={200: {"content": {_TYPES["xlsx"]: {"example": "PK…"}}}},
)
def report_as_workbook(
    park: str,
    report_id: UUID,
    query: Annotated[FileQuery, Query()],
    request: Request,
    desk: TheDesk,
) -> Response:
    """Excel workbook; the same bytes whenever it is asked for."""
    return _file(desk, request, (park, report_id), "xlsx", query)


@router.get("/{report_id}", response_model=Report, summary="One report")
def one_report(park: str, report_id: UUID, ctx: Ctx, desk: TheDesk) -> object:
    """Who made it when, and whether its figures have been revised since."""
    return desk.find(ctx.live.park(park).row.code, report_id)


def _file(
    desk: Desk,
    request: Request,
    which: tuple[str, UUID],
    form: FileFormat,
    query: FileQuery,
) -> Response:
    park, report_id = which
    language = query.language or problems.wanted_language(request.headers)
    row = desk.find(park, report_id)
    tag = f'"{report_id}-{language}-{form}"'
    if answers.knows(request, tag):
        return answers.unchanged(tag)
    body = desk.file(park, report_id, language, form)
    name = f"{row.data_centre or row.park}-{row.kind}-{row.period}-{language}.{form}"
    headers = {
        "etag": tag,
        "vary": "accept-language",
        "cache-control": _FOR_EVER,
        "content-disposition": f'attachment; filename="{name}"',
    }
    return Response(body, media_type=_TYPES[form], headers=headers)
