"""Channels: add, change, remove, test; the delivery log; and what was given up."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request

from api import lists
from api.auth.rights import Right, Who, needs
from api.context import Ctx
from api.messaging import Post
from api.schemas.channels import (
    ChangedChannel,
    Channel,
    ChannelOptions,
    ChannelsQuery,
    CreatedChannel,
    DeliveriesQuery,
    NewChannel,
    Outgoing,
    Removed,
    Resend,
    Resent,
    TestResult,
)
from api.schemas.common import Page
from parkpulse.errors import InvalidRequestError
from parkpulse.notify import desk, dispatch, schedule
from parkpulse.notify.desk import Draft
from parkpulse.notify.platforms.contract import Options
from parkpulse.notify.schedule import Step
from parkpulse.query import outgoing
from parkpulse.query.paging import Page as Items
from parkpulse.store import channels as store
from parkpulse.store import deliveries
from parkpulse.store.deliveries import Search

router = APIRouter(tags=["channels"], dependencies=[needs(Right.SEE_CHANNELS)])


@router.get("/channels", response_model=Page[Channel], summary="All channels")
def list_channels(
    query: Annotated[ChannelsQuery, Query()], request: Request, ctx: Ctx, who: Who
) -> object:
    """All channels, without anything secret."""
    with ctx.database.transaction() as conn:
        found = [each for each in store.listed(conn) if who.sees(each.park)]
    shown = [_shown(each) for each in found if query.park in {None, each.park}]
    return lists.give(request, query, shown, Channel, ("name",))


@router.post(
    "/channels",
    response_model=CreatedChannel,
    summary="Add a channel",
    dependencies=[needs(Right.CHANNELS)],
)
def add_channel(body: NewChannel, ctx: Ctx, post: Post) -> object:
    """Add a channel; the secret made for a webhook is in this answer only."""
    draft = Draft(
        name=body.name,
        kind=body.kind,
        url=body.url,
        secret=body.secret,
        user=body.user,
        min_severity=body.min_severity,
        park=body.park,
        enabled=body.enabled,
        options=_options(body.options),
    )
    with ctx.database.transaction() as conn:
        made = desk.create(conn, post.vault, draft, allow_private=post.allow_private)
        return {**_shown(store.find(conn, body.name)), "secret": made}


@router.get("/channels/{name}", response_model=Channel, summary="One channel")
def one_channel(name: str, ctx: Ctx) -> object:
    """One channel, without anything secret."""
    with ctx.database.transaction() as conn:
        return _shown(store.find(conn, name))


@router.put(
    "/channels/{name}",
    response_model=Channel,
    summary="Change a channel",
    dependencies=[needs(Right.CHANNELS)],
)
def change_channel(name: str, body: ChangedChannel, ctx: Ctx, post: Post) -> object:
    """Change a channel; it is tried again at once."""
    with ctx.database.transaction() as conn:
        draft = Draft(
            name=name,
            kind=store.find(conn, name).kind,
            url=body.url,
            secret=body.secret,
            user=body.user,
            min_severity=body.min_severity,
            park=body.park,
            enabled=body.enabled,
            options=_options(body.options),
        )
        return _shown(
            desk.update(
                conn,
                post.vault,
                draft,
                version=body.version,
                allow_private=post.allow_private,
            )
        )


@router.delete(
    "/channels/{name}",
    response_model=Removed,
    summary="Remove a channel",
    dependencies=[needs(Right.CHANNELS)],
)
def remove_channel(name: str, ctx: Ctx) -> object:
    """Send nothing more there; what waits is given up, the log stays."""
    with ctx.database.transaction() as conn:
        store.remove(conn, name)
    return {"name": name, "removed": True}


@router.post(
    "/channels/{name}/test",
    response_model=TestResult,
    summary="Send a test message",
    dependencies=[needs(Right.CHANNELS)],
)
def send_test(name: str, ctx: Ctx, post: Post) -> object:
    """Send a test message now, without the outbox."""
    with ctx.database.transaction() as conn:
        channel = store.find(conn, name)
    outcome = desk.test(post.vault, post.dispatcher, channel)
    step = schedule.step(outcome, attempts=1, age_s=0.0)
    return {
        "delivered": step is Step.DELIVERED,
        "status": outcome.status,
        "error": outcome.error,
        "duration_ms": outcome.duration_ms,
    }


@router.get("/deliveries", response_model=Page[Outgoing], summary="Messages sent")
def list_deliveries(
    query: Annotated[DeliveriesQuery, Query()], request: Request, ctx: Ctx, who: Who
) -> object:
    """Messages to channels, each with how its last attempt ended."""
    search = Search(
        park=who.only(query.park),
        channel=query.channel,
        state=query.state,
        alert=query.alert,
        since=query.since,
    )

    def page(limit: int, cursor: str | None) -> Items[Any]:
        with ctx.database.transaction() as conn:
            return outgoing.page(
                conn, search, order=query.sort, limit=limit, cursor=cursor
            )

    return lists.paged(request, query, page, Outgoing)


@router.post(
    "/deliveries/resend",
    response_model=Resent,
    summary="Send again what was given up",
    dependencies=[needs(Right.CHANNELS)],
)
def resend(body: Resend, ctx: Ctx) -> object:
    """Send a given-up message again, or all of a channel."""
    if (body.message is None) == (body.channel is None):
        code, text = "invalid_value", "name one message or one channel"
        raise InvalidRequestError(code, text, "/message")
    with ctx.database.transaction() as conn:
        count = deliveries.resend(conn, channel=body.channel, message=body.message)
    return {"resent": count}


def _options(given: ChannelOptions) -> Options:
    return msgspec.convert(given.model_dump(), Options)


def _shown(channel: store.Channel) -> dict[str, object]:
    return {
        "name": channel.name,
        "kind": channel.kind,
        "url": desk.shown_url(channel),
        "park": channel.park,
        "min_severity": channel.min_severity,
        "enabled": channel.enabled,
        "options": dispatch.options(channel.options),
        "failures": channel.failures,
        "paused_until": channel.paused_until,
        "created_at": channel.created_at,
        "version": channel.version,
    }
