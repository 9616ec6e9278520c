"""`POST /broker/auth` and `/broker/acl`: for brokers of EMQX's kind, not for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api import problems
from api.brokers.desk import BusyError, Desk, Login, Wish

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.brokers.desk import Verdict

router = APIRouter(include_in_schema=False)
_BEARER = "bearer "
_RETRY = {"retry-after": "1"}
_T = TypeVar("_T")


async def _body(request: Request) -> bytes:
    return await request.body()


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.brokers
    return desk


_Body = Annotated[bytes, Depends(_body)]
_Asked = Annotated[Desk, Depends(_desk)]


@router.post("/broker/auth")
def auth(request: Request, body: _Body, desk: _Asked) -> Response:
    """Tell whether a client may connect, as EMQX's HTTP authenticator asks."""
    return _refusal(request, desk) or _answer(request, body, Login, desk.admits)


@router.post("/broker/acl")
def acl(request: Request, body: _Body, desk: _Asked) -> Response:
    """Tell whether it may publish or subscribe, as EMQX's HTTP authorizer asks."""
    return _refusal(request, desk) or _answer(request, body, Wish, desk.permits)


def _refusal(request: Request, desk: Desk) -> Response | None:
    if not desk.is_open:
        return problems.respond(request, "no_such_path")
    given = request.headers.get("authorization", "")
    is_bearer = given[: len(_BEARER)].lower() == _BEARER
    if is_bearer and desk.knows(given[len(_BEARER) :].strip()):
        return None
    if not desk.suffers():
        return problems.respond(request, "broker_too_many", _RETRY)
    return problems.respond(request, "broker_unknown", {"www-authenticate": "Bearer"})


def _answer(
    request: Request, body: bytes, kind: type[_T], ask: Callable[[_T], Verdict]
) -> Response:
    try:
        verdict = ask(msgspec.json.decode(body, type=kind))
    except msgspec.DecodeError:
        # What it says is not repeated: it may hold a password.
        return problems.respond(request, "broker_bad_question")
    except BusyError:
        return problems.respond(request, "broker_too_many", _RETRY)
    told = msgspec.json.encode({"result": verdict, "is_superuser": False})
    return Response(told, media_type="application/json")
