"""`/a/{token}`: signed links of messages. GET shows the alert, only POST acts."""

from __future__ import annotations

import time
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api import acknowledgement, language
from api.acknowledgement import STYLE, STYLE_PATH, State
from api.context import Ctx
from api.messaging import Post
from parkpulse.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidRequestError,
    NotFoundError,
)
from parkpulse.model.alert import Alert
from parkpulse.notify import links
from parkpulse.notify.links import Ticket
from parkpulse.query import alerts
from parkpulse.store import channels
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
) -> Response:
    """Acknowledge the version that the person has seen."""
    speech = _language(request)
    ticket = links.read(post.link_key, token)
    if ticket is None:
        return acknowledgement.refuse("unknown", speech, 404)
    with ctx.database.transaction() as conn:
        if not _is_valid(conn, ticket):
            return acknowledgement.refuse("expired", speech, 410)
    status, state = _act(ctx, ticket, body)
    with ctx.database.transaction() as conn:
        alert = alerts.find(conn, ticket.alert)
    if state == "changed" and alert.state not in _WAITS:
        state = "over"
    return acknowledgement.show(
        alert, state, speech, page_url=ctx.page_url, status=status
    )


def _act(ctx: Ctx, ticket: Ticket, body: bytes) -> tuple[int, State]:
    """Acknowledge in a transaction of its own; returns what came of it."""
    given = parse_qs(body.decode(errors="replace"), max_num_fields=10)
    actor, comment, version = (
        given.get(name, [""])[0].strip() for name in ("actor", "comment", "version")
    )
    if not actor or not version.isdecimal():
        return 422, "invalid"
    try:
        with ctx.database.transaction() as conn:
            channel = _channel(conn, ticket)
            alerts.acknowledge(
                conn,
                ticket.alert,
                f"{actor} ({channel})",
                comment=comment,
                version=int(version),
                page_url=ctx.page_url,
            )
    except ConflictError:
        return 409, "changed"
    except IllegalTransitionError:
        return 409, "over"
    except InvalidRequestError:
        return 422, "invalid"
    return 200, "done"


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
