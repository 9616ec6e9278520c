"""Readings that programs send over HTTP, handed to the broker like all others."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api import problems, readings
from api.auth.rights import Right, needs
from api.context import Ctx
from api.guard import NDJSON
from api.push.courier import Courier
from api.readings import Checked, RowError
from api.schemas.readings import BODY, RowProblem, Taken
from parkpulse.bus import State

router = APIRouter(tags=["series"], dependencies=[needs(Right.READ)])
_MOST_ERRORS = 1000
_RETRY_AFTER_S = "5"


async def _body(request: Request) -> bytes:
    return await request.body()


async def _courier(request: Request) -> Courier:
    courier: Courier = request.app.state.courier
    return courier


@router.post(
    "/parks/{park}/readings",
    status_code=202,
    response_model=Taken,
    summary="Send readings",
    dependencies=[needs(Right.WRITE_READINGS)],
    openapi_extra=BODY,
)
def write_readings(
    park: str,
    request: Request,
    ctx: Ctx,
    body: Annotated[bytes, Depends(_body)],
    courier: Annotated[Courier, Depends(_courier)],
) -> object:
    """Take readings of registered devices; what is wrong with a row is said of it.

    They are published as if their devices had sent them. Sent twice, they count once.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    devices = {each.code for each in ctx.live.park(park).devices}
    rows = readings.read(body, by_line=media == NDJSON)
    checked = readings.check(rows, devices)
    if not checked.rows:
        return _refused(request, checked)
    states = courier.deliver_all(readings.messages(park, checked.rows))
    if states != {State.TAKEN}:
        is_unheard = states == {State.UNMATCHED}
        code = "nobody_listens" if is_unheard else "readings_not_taken"
        return problems.respond(request, code, {"retry-after": _RETRY_AFTER_S})
    shown = checked.errors[:_MOST_ERRORS]
    return Taken(
        taken=len(checked.rows),
        refused=len(checked.errors),
        errors=[_problem(request, each) for each in shown],
    )


def _refused(request: Request, checked: Checked) -> Response:
    """Answer when there is no row that can be taken."""
    problem = problems.build(
        "invalid_request", problems.wanted_language(request.headers)
    )
    for each in checked.errors[:_MOST_ERRORS]:
        said = _problem(request, each)
        field = each.field.replace("~", "~0").replace("/", "~1")
        pointer = f"/readings/{each.row}" + (f"/{field}" if field else "")
        problem.errors.append(
            {"pointer": pointer, "code": each.code, "detail": said.detail}
        )
    return problems.answer(request, problem)


def _problem(request: Request, error: RowError) -> RowProblem:
    speech = problems.wanted_language(request.headers)
    said = problems.value_error(error.code, "", speech)
    return RowProblem(
        row=error.row, field=error.field, code=error.code, detail=said["detail"]
    )
