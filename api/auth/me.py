"""Logging in and out, the set-up, and one's own account."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, Response

from api.auth import cookies, desk
from api.auth.accounts import Accounts, Known
from api.auth.desk import Browser, First
from api.auth.rights import Right, Who, needs, open_to_all
from api.auth.schemas import (
    ChangedMe,
    Ended,
    LoginBody,
    Me,
    NewPassword,
    Sessions,
    SetUp,
)
from api.context import Context, Ctx
from parkpulse.model import account
from parkpulse.model.account import Actor
from parkpulse.store import sessions, users

router = APIRouter(tags=["accounts"])
_NO_STORE = {"cache-control": "no-store"}
SessionId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def _browser(request: Request, accounts: Accounts) -> Browser:
    address = cookies.address(request.scope, accounts.public_url)
    return Browser(address, request.headers.get("user-agent", ""))


@router.get(
    "/me",
    response_model=Me,
    summary="Who asks",
    dependencies=[open_to_all()],
)
def who_am_i(request: Request, ctx: Ctx, accounts: Known) -> Response:
    """Tell who has logged in and what they may do; answers without a login too."""
    token = cookies.token(request.scope, accounts.public_url)
    return _me(ctx, accounts, accounts.identify(token, ""))


def _me(ctx: Context, accounts: Accounts, actor: Actor | None) -> Response:
    return JSONResponse(_shown(ctx, accounts, actor), headers=_NO_STORE)


def _shown(ctx: Context, accounts: Accounts, actor: Actor | None) -> dict[str, Any]:
    if actor is None:
        return {"mode": "login", "user": None, "rights": []}
    rights = sorted(actor.rights)
    if not actor.name:
        is_open = accounts.is_local
        mode = "open" if is_open else "set_up"
        return {"mode": mode, "user": None, "rights": rights if is_open else []}
    with ctx.database.transaction() as conn:
        user = users.find(conn, actor.name)
    shown = {
        "name": user.name,
        "display_name": user.display_name,
        "mobile": user.mobile,
        "language": user.language,
        "role": user.role.value,
        "parks": user.parks,
    }
    return {"mode": "user", "user": shown, "rights": rights}


def _let_in(request: Request, ctx: Context, accounts: Accounts, token: str) -> Response:
    accounts.forget()
    response = _me(ctx, accounts, accounts.identify(token, ""))
    public = accounts.public_url
    cookies.put(response, token, account.ABSOLUTE, request, public)
    return response


@router.post(
    "/login", response_model=Me, summary="Log in", dependencies=[open_to_all()]
)
def log_in(body: LoginBody, request: Request, ctx: Ctx, accounts: Known) -> Response:
    """Begin a session, which a cookie holds; 401 tells not what was wrong."""
    browser = _browser(request, accounts)
    token = desk.log_in(ctx.database, body.name, body.password, browser)
    return _let_in(request, ctx, accounts, token)


@router.post(
    "/setup",
    response_model=Me,
    summary="Make the first administrator",
    dependencies=[open_to_all()],
)
def set_up(body: SetUp, request: Request, ctx: Ctx, accounts: Known) -> Response:
    """Use the link that the service printed when it started; it works once."""
    first = First(
        name=body.name,
        display_name=body.display_name,
        password=body.password,
        language=body.language,
    )
    browser = _browser(request, accounts)
    token = desk.set_up(ctx.database, body.token, first, browser)
    return _let_in(request, ctx, accounts, token)


@router.post(
    "/logout",
    response_model=Ended,
    summary="Log out",
    dependencies=[needs(Right.OWN)],
)
def log_out(request: Request, ctx: Ctx, who: Who, accounts: Known) -> Response:
    """End this session."""
    with ctx.database.transaction() as conn:
        if who.actor.account_id and who.actor.session_id:
            sessions.end(conn, who.actor.account_id, who.actor.session_id)
    accounts.forget()
    response = JSONResponse({"ended": 1}, headers=_NO_STORE)
    cookies.put(response, "", timedelta(), request, accounts.public_url)
    return response


@router.put(
    "/me",
    response_model=Me,
    summary="Change one's own account",
    dependencies=[needs(Right.OWN)],
)
def change_me(body: ChangedMe, ctx: Ctx, who: Who, accounts: Known) -> Response:
    """Change the shown name, the mobile number and the language of messages."""
    with ctx.database.transaction() as conn:
        desk.change_self(conn, who.actor, body.display_name, body.mobile, body.language)
    accounts.forget()
    return _me(ctx, accounts, who.actor)


@router.post(
    "/me/password",
    response_model=Ended,
    summary="Change one's own password",
    dependencies=[needs(Right.OWN)],
)
def change_password(
    body: NewPassword, ctx: Ctx, who: Who, accounts: Known
) -> dict[str, int]:
    """Set a new password; all other sessions end."""
    ended = desk.change_password(
        ctx.database, who.actor, body.current_password, body.new_password
    )
    accounts.forget()
    return {"ended": ended}


@router.get(
    "/me/sessions",
    response_model=Sessions,
    summary="One's own sessions",
    dependencies=[needs(Right.OWN)],
)
def list_sessions(ctx: Ctx, who: Who) -> object:
    """Tell where one has logged in, last used first."""
    with ctx.database.transaction() as conn:
        found = sessions.of(conn, who.actor.account_id or 0, account.IDLE)
    current = who.actor.session_id
    items = [{**each._asdict(), "current": each.id == current} for each in found]
    return {"items": items, "next": None}


@router.delete(
    "/me/sessions/{session}",
    response_model=Ended,
    summary="End one of one's own sessions",
    dependencies=[needs(Right.OWN)],
)
def end_session(
    session: SessionId, ctx: Ctx, who: Who, accounts: Known
) -> dict[str, int]:
    """Log out another browser."""
    with ctx.database.transaction() as conn:
        sessions.end(conn, who.actor.account_id or 0, session)
    accounts.forget()
    return {"ended": 1}
