"""Profiles: list, show, keep and remove one's own."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter

from api.auth.rights import Right, needs
from api.context import Ctx
from api.routes.decode import tried
from api.schemas.profiles import (
    ProfileDetail,
    ProfileEdit,
    ProfileKept,
    ProfileRemoved,
    Profiles,
)
from api.workshop import Shop
from parkpulse.model import instants
from parkpulse.wire.profiles import shelf
from parkpulse.wire.trial import Trial

router = APIRouter(
    tags=["profiles"], dependencies=[needs(Right.READ), needs(Right.REGISTRY)]
)


@router.get("/profiles", response_model=Profiles, summary="All profiles")
def list_profiles(shop: Shop) -> object:
    """Shipped profiles and one's own, by name; one's own come before shipped ones."""
    return {
        "items": shelf.listed(shop.profiles),
        "writable": shop.profiles is not None,
    }


@router.get("/profiles/{name}", response_model=ProfileDetail, summary="One profile")
def one_profile(name: str, shop: Shop) -> object:
    """Give a profile with its text."""
    return shelf.find(shop.profiles, name)


@router.put("/profiles/{name}", response_model=ProfileKept, summary="Keep a profile")
def put_profile(name: str, body: ProfileEdit, ctx: Ctx, shop: Shop) -> object:
    """Keep a profile of one's own, if it can be used and reads the sample.

    Ingest reads it from the same folder with the next message.
    """
    path = shelf.place(shop.profiles, name, body.language)
    sample = body.sample
    answer = tried(
        shop,
        Trial(
            payload=None if sample is None else sample.payload,
            encoding="auto" if sample is None else sample.encoding,
            topic="" if sample is None else sample.topic,
            options={} if sample is None else sample.options,
            received_us=instants.to_us(datetime.now(UTC)),
            profile=body.text,
            suffix=f".{body.language}",
        ),
    )
    is_good = answer.problem is None and not any("error" in x for x in answer.items)
    if is_good:
        with ctx.database.transaction():  # the audit's
            shelf.keep(path, body.text)
    return {"kept": is_good, "decoded": answer}


@router.delete(
    "/profiles/{name}", response_model=ProfileRemoved, summary="Remove a profile"
)
def remove_profile(name: str, ctx: Ctx, shop: Shop) -> object:
    """Remove a profile of one's own."""
    with ctx.database.transaction():  # the audit's
        shelf.remove(shop.profiles, name)
    return {"name": name, "removed": True}
