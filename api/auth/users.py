"""What administrators do with accounts, API tokens, and the audit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api import lists, tables
from api.auth import desk
from api.auth.accounts import Known
from api.auth.rights import Right, Who, needs
from api.auth.schemas import (
    Actions,
    AuditEntry,
    AuditQuery,
    ChangedUser,
    CreatedToken,
    Ended,
    NewToken,
    NewUser,
    ResetPassword,
    Token,
    TokensQuery,
    User,
    UsersQuery,
)
from api.context import Context, Ctx
from api.schemas.common import Page
from api.tables import Cell
from parkpulse.errors import ConflictError, InvalidRequestError
from parkpulse.model import account
from parkpulse.query import paging
from parkpulse.store import audit, sessions, users
from parkpulse.store.audit import Entry, Search
from parkpulse.store.users import Profile

router = APIRouter(tags=["accounts"])
UserName = Annotated[str, Path(max_length=account.LONGEST_NAME)]
TokenId = Annotated[int, Path(ge=1, le=2**31 - 1)]
_COLUMNS = "id,at,who,display_name,way,token,address,action,object,park,before,after"
_BLOCK = 1000


@router.get(
    "/users",
    response_model=Page[User],
    summary="All users",
    dependencies=[needs(Right.USERS)],
)
def list_users(
    query: Annotated[UsersQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """Everybody who has an account, by name."""
    with ctx.database.transaction() as conn:
        found = users.listed(conn)
    return lists.give(request, query, found, User, ("name",))


@router.post(
    "/users",
    response_model=User,
    status_code=201,
    summary="Add a user",
    dependencies=[needs(Right.USERS)],
)
def add_user(body: NewUser, ctx: Ctx, who: Who, accounts: Known) -> object:
    """Add an account; from the first one on everybody has to log in."""
    who.give(account.RIGHTS[body.role])
    name = account.checked_name(body.name)
    hashed = desk.checked(name, body.password)
    profile = Profile(
        display_name=body.display_name,
        role=body.role,
        mobile=body.mobile,
        language=body.language,
        parks=body.parks,
    )
    try:
        with ctx.database.transaction() as conn:
            return users.add(conn, name, profile, hashed)
    except ConflictError as error:
        code, message = "name_taken", "there is a user of this name"
        raise InvalidRequestError(code, message, "/name") from error
    finally:
        accounts.forget()


@router.put(
    "/users/{user}",
    response_model=User,
    summary="Change a user",
    dependencies=[needs(Right.USERS)],
)
def change_user(
    user: UserName, body: ChangedUser, ctx: Ctx, who: Who, accounts: Known
) -> object:
    """Change role, parks and names; `enabled: false` ends all sessions at once."""
    who.give(account.RIGHTS[body.role])
    profile = Profile(
        display_name=body.display_name,
        role=body.role,
        mobile=body.mobile,
        language=body.language,
        parks=body.parks,
        enabled=body.enabled,
    )
    with ctx.database.transaction() as conn:
        changed = users.change(conn, account.normalised(user), profile, body.version)
    accounts.forget()
    return changed


@router.post(
    "/users/{user}/password",
    response_model=Ended,
    summary="Set a user's password",
    dependencies=[needs(Right.USERS)],
)
def reset_password(
    user: UserName, body: ResetPassword, ctx: Ctx, who: Who, accounts: Known
) -> dict[str, int]:
    """Set a password for somebody who has forgotten it; their sessions end."""
    name = account.normalised(user)
    hashed = desk.checked(name, body.password)
    with ctx.database.transaction() as conn:
        found = users.find(conn, name)
        who.give(account.RIGHTS[found.role])
        users.set_password(conn, name, hashed)
        ended = sessions.end_all(conn, found.id)
    accounts.forget()
    return {"ended": ended}


@router.delete(
    "/users/{user}/sessions",
    response_model=Ended,
    summary="Log a user out everywhere",
    dependencies=[needs(Right.USERS)],
)
def end_sessions(user: UserName, ctx: Ctx, accounts: Known) -> dict[str, int]:
    """End all sessions of somebody."""
    with ctx.database.transaction() as conn:
        found = users.find(conn, account.normalised(user))
        ended = sessions.end_all(conn, found.id)
    accounts.forget()
    return {"ended": ended}


@router.get(
    "/tokens",
    response_model=Page[Token],
    summary="API tokens",
    dependencies=[needs(Right.TOKENS)],
)
def list_tokens(
    query: Annotated[TokensQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """All API tokens, newest first, without their secrets."""
    with ctx.database.transaction() as conn:
        found = sessions.tokens(conn)
    return lists.give(request, query, found, Token, ("id",))


@router.post(
    "/tokens",
    response_model=CreatedToken,
    status_code=201,
    summary="Make an API token",
    dependencies=[needs(Right.TOKENS)],
)
def add_token(body: NewToken, ctx: Ctx, who: Who) -> object:
    """Make a token for a program; its secret is in this answer only."""
    who.give(account.scoped(body.scopes))
    with ctx.database.transaction() as conn:
        token, secret = desk.issue_token(
            conn,
            who.actor,
            name=body.name,
            user=body.user,
            scopes=body.scopes,
            expires_at=body.expires_at,
            now=datetime.now(UTC),
        )
    return {**token._asdict(), "token": secret}


@router.delete(
    "/tokens/{number}",
    response_model=Token,
    summary="Revoke an API token",
    dependencies=[needs(Right.TOKENS)],
)
def revoke_token(number: TokenId, ctx: Ctx, accounts: Known) -> object:
    """Make a token worthless at once."""
    with ctx.database.transaction() as conn:
        found = sessions.revoke_token(conn, number)
    accounts.forget()
    return found


@router.get(
    "/audit",
    response_model=Page[AuditEntry],
    summary="What was changed by whom",
    dependencies=[needs(Right.AUDIT)],
)
def list_audit(
    query: Annotated[AuditQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """Every change; `format=csv` gives all of them as a table."""
    search = Search(
        query.who, query.action, query.park, query.q, query.start, query.end
    )
    if tables.wanted(request, query.format):
        return _table(ctx, search, query.sort)
    order = query.sort
    after = int(paging.decode(order, query.cursor, [int])[0]) if query.cursor else None
    with ctx.database.transaction() as conn:
        found = audit.page(conn, search, query.limit, after, order)
    items, has_more = found[: query.limit], len(found) > query.limit
    follows = paging.encode(order, [items[-1].id]) if has_more else None
    return paging.Page(items, follows)


@router.get(
    "/audit/actions",
    response_model=Actions,
    summary="Kinds of changes",
    dependencies=[needs(Right.AUDIT)],
)
def list_actions(ctx: Ctx) -> object:
    """Names of all actions in the audit, to filter by."""
    with ctx.database.transaction() as conn:
        return {"items": audit.actions(conn), "next": None}


def _table(ctx: Context, search: Search, order: str) -> Response:
    return tables.respond("audit", _COLUMNS.split(","), _rows(ctx, search, order))


def _rows(ctx: Context, search: Search, order: str) -> Iterator[tuple[Cell, ...]]:
    after: int | None = None
    while True:
        with ctx.database.transaction() as conn:
            found = audit.page(conn, search, _BLOCK, after, order)
        yield from map(_row, found[:_BLOCK])
        if len(found) <= _BLOCK:
            return
        after = found[_BLOCK - 1].id


def _row(entry: Entry) -> tuple[Cell, ...]:
    return (*entry[:10], _json(entry.before), _json(entry.after))


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
