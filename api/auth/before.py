"""What something was like before it is changed, for the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.concurrency import run_in_threadpool

from api.auth.trail import TRAIL, Trail
from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model.account import normalised
from parkpulse.notify import dispatch
from parkpulse.query import duty, responses, rule_edits
from parkpulse.store import channels, sessions, users

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Request

    from api.context import Context
    from parkpulse.store.pool import Connection

    Look = Callable[[Connection, Mapping[str, str]], Any]


def _rule(conn: Connection, path: Mapping[str, str]) -> object:
    return rule_edits.one(conn, int(path["rule_id"]))[0]


def _duty(conn: Connection, path: Mapping[str, str]) -> object:
    return duty.plan(conn, path["park"])._asdict()


def _response(conn: Connection, path: Mapping[str, str]) -> object:
    return responses.plan(conn, path["park"], path["rule"])


def _channel(conn: Connection, path: Mapping[str, str]) -> object:
    found = channels.find(conn, path["name"])
    return {
        "kind": found.kind,
        "park": found.park,
        "min_severity": found.min_severity,
        "enabled": found.enabled,
        "options": dispatch.options(found.options),
    }


def _user(conn: Connection, path: Mapping[str, str]) -> object:
    found = users.find(conn, normalised(path["user"]))
    return {
        "display_name": found.display_name,
        "mobile": found.mobile,
        "language": found.language,
        "role": found.role.value,
        "parks": found.parks,
        "enabled": found.enabled,
    }


def _token(conn: Connection, path: Mapping[str, str]) -> object:
    found = sessions.find_token(conn, int(path["number"]))
    return {"name": found.name, "user": found.user, "scopes": found.scopes}


BEFORE: dict[str, Look] = {
    "replace_rule": _rule,
    "enable_rule": _rule,
    "disable_rule": _rule,
    "put_duty_plan": _duty,
    "substitute": _duty,
    "put_response_plan": _response,
    "change_channel": _channel,
    "remove_channel": _channel,
    "change_user": _user,
    "revoke_token": _token,
}
"""Looks by name of the route's function."""


async def look(request: Request) -> None:
    """Keep what it is like now; nothing when there is no such thing."""
    trail: Trail | None = request.scope.get(TRAIL)
    found = BEFORE.get(request.scope["route"].name)
    if trail is not None and found is not None:
        context: Context = request.app.state.context
        path = request.path_params
        trail.before = await run_in_threadpool(_look, context, found, path)


def _look(context: Context, found: Look, path: Mapping[str, str]) -> object:
    try:
        with context.database.transaction() as conn:
            seen = found(conn, path)
    except (NotFoundError, InvalidRequestError, ValueError):
        return None
    return msgspec.to_builtins(seen, str_keys=True)
