"""Server-sent events: one stream a park, with a snapshot first and frames after it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from typing_extensions import override

from api import frames, problems
from api.auth import cookies
from api.auth.accounts import Accounts, Known
from api.auth.rights import Right, Who, needs
from api.context import Context, Ctx
from api.feed import OVERLAP
from api.hub import (
    CLIENTS,
    OF_ONE,
    Client,
    Frame,
    Hub,
    TooManyOfOneError,
    TooManyStreamsError,
    View,
)
from api.schemas.stream import EVENTS
from parkpulse.errors import StoreError
from parkpulse.model import instants
from parkpulse.query import alerts
from parkpulse.store.alerts import Search

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from parkpulse.model.account import Actor
    from parkpulse.query.catalogue import Park

    IsLet = Callable[[], bool]

HEARTBEAT_S = 15.0
"""After so long without a frame a comment is sent. [s]"""
SEND_WITHIN_S = 30.0
"""A client that takes nothing for so long is dropped. [s]"""
_LONGEST_ABSENCE = timedelta(days=1)

router = APIRouter(tags=["live"], dependencies=[needs(Right.READ)])


class EventStream(Response):
    """Sends frames until either side has enough."""

    media_type = "text/event-stream"

    def __init__(
        self, hub: Hub, client: Client, first: list[Frame], is_let: IsLet
    ) -> None:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._hub = hub
        self._client = client
        self._first = first
        self._is_let = is_let
        self._asked_at = time.monotonic()

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client is gone, too slow, or the service stops."""
        leaving = asyncio.create_task(self._listen(receive))
        try:
            with contextlib.suppress(TimeoutError):
                await self._send_all(send)
        finally:
            leaving.cancel()
            self._hub.unsubscribe(self._client)

    async def _listen(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._client.close()

    async def _send_all(self, send: Send) -> None:
        head = self.raw_headers
        await send({"type": "http.response.start", "status": 200, "headers": head})
        first = b"".join(each.payload for each in self._first)
        await _send(send, frames.RETRY + first)
        last = self._first[-1].id
        while self._client.is_open:
            news = await self._client.take(HEARTBEAT_S)
            # What was queued before the snapshot was made is in it.
            fresh = b"".join(each.payload for each in news if each.id > last)
            if not await self._may_go_on():
                break
            await _send(send, fresh or frames.HEARTBEAT)
        await send({"type": "http.response.body", "body": b""})

    async def _may_go_on(self) -> bool:
        """Whether who opened the stream may still see it; asked now and then."""
        if time.monotonic() < self._asked_at + HEARTBEAT_S:
            return True
        self._asked_at = time.monotonic()
        return await run_in_threadpool(self._is_let)


async def _send(send: Send, body: bytes) -> None:
    async with asyncio.timeout(SEND_WITHIN_S):
        await send({"type": "http.response.body", "body": body, "more_body": True})


@router.get(
    "/parks/{park}/stream",
    summary="Live events of a park",
    status_code=200,
    response_class=EventStream,
    responses=EVENTS,
)
async def stream(
    park: str,
    request: Request,
    ctx: Ctx,
    accounts: Known,
    who: Who,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
    after: Annotated[str | None, Query(max_length=40)] = None,
    alert: UUID | None = None,
) -> Response:
    """Stream what happens in a park, from a snapshot on.

    `Last-Event-ID` (or `after`, for clients that cannot set headers) has the alerts
    that changed since then sent before the snapshot. With `alert`, for a phone that
    shows one, values are only those of the alert's device.
    """
    found = ctx.live.park(park)
    view = View(found.row.id)
    if alert is not None:
        view = await run_in_threadpool(_view_of, ctx, found, alert)
    try:
        client = ctx.hub.subscribe(view, _holder(who.actor))
    except TooManyOfOneError:
        return problems.respond(request, "too_many_of_one", limit=str(OF_ONE))
    except TooManyStreamsError:
        return problems.respond(request, "too_many_streams", limit=str(CLIENTS))
    # Before the database is read: what follows has greater ids.
    reserved = ctx.hub.reserve(alerts.MAXIMUM_CHANGED)
    since = _absent_since(last_event_id or after)
    try:
        first = []
        if since is not None:
            first = await run_in_threadpool(_missed, ctx, found, reserved, since)
        make = functools.partial(_snapshot, ctx, found, view)
        first.append(await ctx.snapshots.get(view, make))
    except BaseException:
        ctx.hub.unsubscribe(client)
        raise
    is_let = functools.partial(_is_let, request, accounts, park)
    return EventStream(ctx.hub, client, first, is_let)


def _holder(actor: Actor) -> str:
    """Whom a stream counts for: an account with all its sessions and tokens."""
    if actor.account_id is None:
        return f"address {actor.address}"
    return f"account {actor.account_id}"


def _is_let(request: Request, accounts: Accounts, park: str) -> bool:
    try:
        found = accounts.identify(cookies.token(request.scope, accounts.public_url), "")
    except StoreError:
        return True
    return found is not None and found.sees(park)


def _absent_since(event_id: str | None) -> datetime | None:
    """Tell since when a client may have missed something; None when it is new."""
    if event_id is None or not (event_id.isascii() and event_id.isdecimal()):
        return None
    now = datetime.now(UTC)
    then = min(int(event_id), instants.to_us(now))
    return max(instants.from_us(then) - OVERLAP, now - _LONGEST_ABSENCE)


def _missed(ctx: Context, park: Park, reserved: range, since: datetime) -> list[Frame]:
    with ctx.database.transaction() as conn:
        missed = alerts.changed_since(conn, park.row.id, since)
    numbered = zip(reserved, missed, strict=False)
    return [frames.alert(number, each) for number, each in numbered]


def _view_of(ctx: Context, park: Park, alert_id: UUID) -> View:
    """Return the park with only the values of an alert's device."""
    with ctx.database.transaction() as conn:
        device = alerts.device_of(conn, park.row.code, alert_id)
    series = (
        each.id
        for known in park.devices
        if known.code == device
        for each in known.series
    )
    return View(park.row.id, tuple(series))


def _snapshot(ctx: Context, park: Park, view: View) -> Frame:
    search = Search(park=park.row.code, states=alerts.UNFINISHED)
    number = ctx.hub.next_id()
    with ctx.database.transaction() as conn:
        active = alerts.listed(conn, search, limit=alerts.MAXIMUM_CHANGED).items
    flow = ctx.flow.flow(park.row.code)
    return frames.snapshot(number, view, ctx.live.look(park), active, flow)
