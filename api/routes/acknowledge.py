"""`/a/{token}`: signed links of messages. GET shows the alert, only POST acts."""

from __future__ import annotations

import time
from typing import Annotated
from urllib.parse import parse_qs

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api import acknowledgement, language
from api.acknowledgement import STYLE, STYLE_PATH, State
from api.auth import cookies, trail
from api.auth.accounts import Known
from api.auth.before import of_alert
from api.context import Ctx
from api.messaging import Post
from parkpulse.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidRequestError,
    NotFoundError,
)
from parkpulse.model.account import Actor
from parkpulse.model.alert import Alert
from parkpulse.notify import links
from parkpulse.notify.links import Ticket
from parkpulse.query import alerts
from parkpulse.store import audit, channels
from parkpulse.store.audit import Deed
from parkpulse.store.pool import Connection

router = APIRouter(include_in_schema=False)
_WAITS = ("unacknowledged", "returned_unacknowledged")


async def _body(request: Request) -> bytes:
    return await request.body()


def _language(request: Request) -> language.Language:
    return language.preferred(request.headers.get("accept-language", ""))


@router.get(STYLE_PATH)
def style() -> Response:
    """Answer the style of these pages, which stands in none of them."""
    headers = {"cache-control": "max-age=3600"}
    return Response(STYLE, media_type="text/css; charset=utf-8", headers=headers)


@router.api_route(links.PATH + "{token}", methods=["GET", "HEAD"])
def show(token: str, request: Request, ctx: Ctx, post: Post) -> Response:
    """Show the alert; previewers do this too, so nothing changes."""
    speech = _language(request)
    ticket = links.read(post.link_key, token)
    if ticket is None:
        return acknowledgement.refuse("unknown", speech, 404)
    with ctx.database.transaction() as conn:
        if not _is_valid(conn, ticket):
            return acknowledgement.refuse("expired", speech, 410)
        alert = alerts.find(conn, ticket.alert)
    return acknowledgement.show(
        alert, _state(alert, ticket), speech, page_url=ctx.page_url, status=200
    )


@router.post(links.PATH + "{token}")
def acknowledge(
    token: str,
    request: Request,
    body: Annotated[bytes, Depends(_body)],
    ctx: Ctx,
    post: Post,
    accounts: Known,
) -> Response:
    """Acknowledge the version that the person has seen."""
    speech = _language(request)
    ticket = links.read(post.link_key, token)
    if ticket is None:
        return acknowledgement.refuse("unknown", speech, 404)
    with ctx.database.transaction() as conn:
        if not _is_valid(conn, ticket):
            return acknowledgement.refuse("expired", speech, 410)
    address = cookies.address(request.scope, accounts.public_url)
    status, state = _act(ctx, ticket, body, address)
    with ctx.database.transaction() as conn:
        alert = alerts.find(conn, ticket.alert)
    if state == "changed" and alert.state not in _WAITS:
        state = "over"
    return acknowledgement.show(
        alert, state, speech, page_url=ctx.page_url, status=status
    )


def _act(ctx: Ctx, ticket: Ticket, body: bytes, address: str) -> tuple[int, State]:
    """Acknowledge in a transaction of its own; returns what came of it."""
    given = parse_qs(body.decode(errors="replace"), max_num_fields=10)
    actor, comment, version = (
        given.get(name, [""])[0].strip() for name in ("actor", "comment", "version")
    )
    if not actor or not version.isdecimal():
        return 422, "invalid"
    try:
        with ctx.database.transaction() as conn:
            by = f"{actor} ({_channel(conn, ticket)})"
            before = alerts.find(conn, ticket.alert)
            alerts.acknowledge(
                conn,
                ticket.alert,
                by,
                comment=comment,
                version=int(version),
                page_url=ctx.page_url,
            )
            who = Actor("", by, frozenset(), frozenset(), "link", address=address)
            audit.add(conn, who, _deed(before, comment))
    except ConflictError:
        return 409, "changed"
    except IllegalTransitionError:
        return 409, "over"
    except InvalidRequestError:
        return 422, "invalid"
    return 200, "done"


def _deed(alert: Alert, comment: str) -> Deed:
    """Say what was done as the audit says it of those who have logged in."""
    return Deed(
        action="acknowledge",
        target=f"/alerts/{alert.id}/acknowledge",
        park=alert.park,
        before=trail.redacted(msgspec.to_builtins(of_alert(alert))),
        after=trail.redacted({"comment": comment, "version": alert.version}),
    )


def _channel(conn: Connection, ticket: Ticket) -> str:
    """Name of the channel that the link was sent by, while there is one."""
    for each in channels.listed(conn):
        if each.id == ticket.channel:
            return each.name
    kind = "channel"
    raise NotFoundError(kind, str(ticket.channel))


def _is_valid(conn: Connection, ticket: Ticket) -> bool:
    """Whether the link has not expired and its channel was not removed."""
    known = any(each.id == ticket.channel for each in channels.listed(conn))
    return known and time.time() < ticket.expires_s


def _state(alert: Alert, ticket: Ticket) -> State:
    if alert.state not in _WAITS:
        return "over"
    return "open" if alert.version == ticket.version else "changed"
