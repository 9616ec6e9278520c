"""`POST /push/{platform}/{token}`: for platforms, not for people; in no description."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api import problems
from api.push.desk import SIGNED, Check, Desk, Refused

router = APIRouter(include_in_schema=False)
_RETRY_AFTER_S = "5"
_LATER = (429, 503)


async def _body(request: Request) -> bytes:
    return await request.body()


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _refused(request: Request, code: str) -> Response:
    status = problems.TEXTS["problems"][code]["status"]
    headers = {"retry-after": _RETRY_AFTER_S} if status in _LATER else None
    return problems.respond(request, code, headers, limit="1024")


@router.post("/push/{platform}/{token}")
def push(
    platform: str,
    token: str,
    request: Request,
    body: Annotated[bytes, Depends(_body)],
    desk: Annotated[Desk, Depends(_desk)],
) -> Response:
    """Answer as soon as the broker has taken the message."""
    try:
        desk.take(platform, token, body)
    except Refused as refused:
        return _refused(request, refused.code)
    return Response(b'{"status":"ok"}', media_type="application/json")


@router.get("/push/{platform}/{token}")
def check(
    platform: str,
    token: str,
    request: Request,
    desk: Annotated[Desk, Depends(_desk)],
) -> Response:
    """Answer OneNET's check of an address with the message that it holds."""
    if platform != SIGNED:
        return problems.respond(request, "method_not_allowed", {"allow": "POST"})
    query = request.query_params
    asked = Check(*(query.get(name, "") for name in ("msg", "nonce", "signature")))
    try:
        msg = desk.check(token, asked)
    except Refused as refused:
        return _refused(request, refused.code)
    return Response(msg.encode(), media_type="text/plain; charset=utf-8")
