"""The ways to a park's devices: foreign topics, and accounts of platforms that push."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request

from api import lists
from api.auth.rights import Right, needs
from api.context import Ctx
from api.messaging import Post
from api.push import opening
from api.schemas.common import Page
from api.schemas.registry import (
    CreatedPushAccount,
    Gone,
    NewPushAccount,
    NewTopic,
    PushAccount,
    PushAccountsQuery,
    Topic,
    TopicFilter,
    TopicQuery,
)
from parkpulse.errors import DecodeError, InvalidRequestError
from parkpulse.model.registry import TopicSpec
from parkpulse.registry import desk
from parkpulse.store import push_accounts, topic_rules
from parkpulse.wire import formats

if TYPE_CHECKING:
    from parkpulse.store.push_accounts import PushAccount as Account

router = APIRouter(
    tags=["registry"], dependencies=[needs(Right.READ), needs(Right.REGISTRY)]
)


@router.get("/registry/topics", response_model=Page[Topic], summary="Foreign topics")
def list_topics(
    query: Annotated[TopicQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """Which filters stand for which park and format."""
    with ctx.database.transaction() as conn:
        rules = topic_rules.load(conn)
    found = [e._asdict() for e in rules if query.park in {None, e.park}]
    return lists.give(request, query, found, Topic, ("filter",))


@router.post("/registry/topics", response_model=Topic, summary="Follow foreign topics")
def add_topic(body: NewTopic, ctx: Ctx) -> object:
    """Put a rule in force, in place of one with its filter: ingest subscribes."""
    try:
        formats.find(body.format)
    except DecodeError as error:
        code = "unknown_format"
        raise InvalidRequestError(code, error.detail, "/format") from error
    spec = TopicSpec(body.filter, body.format, body.device_level, body.options)
    with desk.changing(ctx.database) as conn:
        try:
            desk.add_topic(conn, body.park, spec)
        except InvalidRequestError as error:
            raise InvalidRequestError(error.code, str(error), "/filter") from error
    return body.model_dump()


@router.post(
    "/registry/topics/remove", response_model=Gone, summary="Follow them no longer"
)
def remove_topic(body: TopicFilter, ctx: Ctx) -> object:
    """Take a rule out of force: ingest unsubscribes; what was stored stays."""
    with ctx.database.transaction() as conn:
        topic_rules.remove(conn, body.filter)
    return {"removed": True}


@router.get(
    "/registry/push-accounts",
    response_model=Page[PushAccount],
    summary="Accounts of platforms that push",
)
def list_push_accounts(
    query: Annotated[PushAccountsQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """All accounts, without tokens and secrets."""
    with ctx.database.transaction() as conn:
        found = push_accounts.listed(conn)
    shown = [_shown(each) for each in found if query.park in {None, each.park}]
    return lists.give(request, query, shown, PushAccount, ("platform", "name"))


@router.post(
    "/registry/push-accounts",
    response_model=CreatedPushAccount,
    summary="Add an account of a platform that pushes",
)
def add_push_account(body: NewPushAccount, ctx: Ctx, post: Post) -> object:
    """Add an account; its address with the token is in this answer only."""
    with desk.changing(ctx.database) as conn:
        path = opening.open_account(conn, post.vault, **body.model_dump())
    url = f"{post.page_url.rstrip('/')}{path}"
    return {"platform": body.platform, "name": body.name, "path": path, "url": url}


@router.delete(
    "/registry/push-accounts/{platform}/{name}",
    response_model=Gone,
    summary="Remove an account of a platform that pushes",
)
def remove_push_account(platform: str, name: str, ctx: Ctx) -> object:
    """Remove an account: its address is closed within 5 seconds."""
    with ctx.database.transaction() as conn:
        push_accounts.remove(conn, platform, name)
    return {"removed": True}


def _shown(account: Account) -> dict[str, Any]:
    return {
        **account._asdict(),
        "signed": account.secret is not None,
        "encrypted": account.aes_key is not None,
    }
