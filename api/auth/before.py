"""What something was like before it is changed, for the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from starlette.concurrency import run_in_threadpool

from api.auth import trail as trails
from api.auth.trail import TRAIL, Trail
from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model.account import normalised
from parkpulse.notify import dispatch
from parkpulse.query import alerts, duty, plans, responses, rule_edits
from parkpulse.registry import desk
from parkpulse.store import (
    certificates,
    channels,
    credentials,
    meters,
    push_accounts,
    quiet,
    sessions,
    topic_rules,
    users,
)
from parkpulse.wire.profiles import shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from fastapi import Request

    from api.context import Context
    from api.workshop import Workshop
    from parkpulse.model.alert import Alert
    from parkpulse.query.catalogue import Park
    from parkpulse.store.pool import Connection

    Look = Callable[[Connection, "Asked"], Any]


class Asked(NamedTuple):
    """What a request is about to change."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    context: Context
    profiles: Path | None

    @property
    def park(self) -> Park:
        """The park that the path names; raises NotFoundError."""
        return self.context.live.park(self.path["park"])

    def field(self, name: str) -> Any:  # noqa: ANN401 - any JSON
        """Return a field of the body; None if there is none."""
        return self.body.get(name) if isinstance(self.body, dict) else None


def _rule(conn: Connection, asked: Asked) -> object:
    return rule_edits.one(conn, int(asked.path["rule_id"]))[0]


def _duty(conn: Connection, asked: Asked) -> object:
    return duty.plan(conn, asked.path["park"])._asdict()


def _response(conn: Connection, asked: Asked) -> object:
    return responses.plan(conn, asked.path["park"], asked.path["rule"])


def _channel(conn: Connection, asked: Asked) -> object:
    found = channels.find(conn, asked.path["name"])
    return {
        "kind": found.kind,
        "park": found.park,
        "min_severity": found.min_severity,
        "enabled": found.enabled,
        "options": dispatch.options(found.options),
    }


def _user(conn: Connection, asked: Asked) -> object:
    found = users.find(conn, normalised(asked.path["user"]))
    return {
        "display_name": found.display_name,
        "mobile": found.mobile,
        "language": found.language,
        "role": found.role.value,
        "parks": found.parks,
        "enabled": found.enabled,
    }


def _token(conn: Connection, asked: Asked) -> object:
    found = sessions.find_token(conn, int(asked.path["number"]))
    return {"name": found.name, "user": found.user, "scopes": found.scopes}


def _alert(conn: Connection, asked: Asked) -> object:
    return of_alert(alerts.find(conn, alerts.parse_id(asked.path["alert_id"])))


def of_alert(found: Alert) -> dict[str, object]:
    """Return what may change about an alert when somebody acts on it."""
    return {
        "state": found.state,
        "assignee": found.assignee,
        "acknowledged_by": found.acknowledged_by,
        "version": found.version,
    }


def _window(conn: Connection, asked: Asked) -> object:
    window = quiet.window(conn, asked.path["park"], int(asked.path["window"]))
    return window._asdict()


def _suppression(conn: Connection, asked: Asked) -> object:
    number = int(asked.path["suppression"])
    found = quiet.suppressions(conn, asked.path["park"])
    return _rows(each for each in found if each.id == number)


def _target(conn: Connection, asked: Asked) -> object:
    """Those of the same figure: a new one takes their place."""
    number, kpi = asked.field("id"), asked.field("kpi")
    found = meters.targets(conn)
    return _rows(each for each in found if number == each.id or kpi == each.kpi)


def _certificates(conn: Connection, asked: Asked) -> object:
    items = asked.field("items")
    named = items if isinstance(items, list) else [dict(asked.query)]
    # Nobody has looked yet at what they are.
    serials = [each.get("serial") for each in named if isinstance(each, dict)]
    centre = asked.park.data_centre(asked.path["centre"]).id
    rows = certificates.load(conn, centre)
    return [msgspec.to_builtins(each) for each in rows if each.serial in serials]


def _plan(conn: Connection, asked: Asked) -> object:
    return plans.read(conn, asked.park)


def _device(conn: Connection, asked: Asked) -> object:
    return desk.device(conn, asked.path["park"], asked.path["device"]).device


def _place(conn: Connection, asked: Asked) -> object:
    return desk.place(conn, asked.path["park"], asked.path["place"]).place


def _profile(_: Connection, asked: Asked) -> object:
    return shelf.find(asked.profiles, asked.path["name"])


def _topic(conn: Connection, asked: Asked) -> object:
    given = asked.field("filter")
    return _rows(each for each in topic_rules.load(conn) if each.filter == given)


def _push_account(conn: Connection, asked: Asked) -> object:
    for each in push_accounts.listed(conn):
        if (each.platform, each.name) == (asked.path["platform"], asked.path["name"]):
            return {
                "platform": each.platform,
                "name": each.name,
                "park": each.park,
                "signed": each.secret is not None,
                "encrypted": each.aes_key is not None,
                "options": each.options,
            }
    return None


def _credential(conn: Connection, asked: Asked) -> object:
    """User names of the subject in force."""
    subject = asked.field("subject")
    return [
        {"username": each.username, "expires_at": each.expires_at}
        for each in credentials.listed(conn)
        if str(each.subject) == subject and each.revoked_at is None
    ]


def _rows(found: Iterable[Any]) -> list[dict[str, Any]]:
    return [each._asdict() for each in found]


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
    "acknowledge": _alert,
    "change_by_shelving": _alert,
    "change_by_unshelving": _alert,
    "change_by_taking_out": _alert,
    "change_by_putting_back": _alert,
    "assign": _alert,
    "end_window": _window,
    "drop_suppression": _suppression,
    "add_target": _target,
    "end_target": _target,
    "put_certificates": _certificates,
    "remove_certificate": _certificates,
    "put_plan": _plan,
    "remove_plan": _plan,
    "put_positions": _plan,
    "change_device": _device,
    "change_place": _place,
    "put_profile": _profile,
    "remove_profile": _profile,
    "add_topic": _topic,
    "remove_topic": _topic,
    "remove_push_account": _push_account,
    "rotate_credential": _credential,
    "revoke_credential": _credential,
}
"""Looks by name of the route's function."""


async def look(request: Request) -> None:
    """Keep what it is like now; nothing when there is no such thing."""
    trail: Trail | None = request.scope.get(TRAIL)
    found = BEFORE.get(request.scope["route"].name)
    if trail is None or found is None:
        return
    context: Context = request.app.state.context
    workshop: Workshop = request.app.state.workshop
    asked = Asked(
        request.path_params,
        request.query_params,
        trails.read(trail.body),
        context,
        workshop.profiles,
    )
    trail.before = await run_in_threadpool(_look, context, found, asked)


def _look(context: Context, found: Look, asked: Asked) -> object:
    try:
        with context.database.transaction() as conn:
            seen = found(conn, asked)
    except (NotFoundError, InvalidRequestError, ValueError):
        return None
    return msgspec.to_builtins(seen, str_keys=True)
