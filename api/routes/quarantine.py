"""Messages in quarantine are replayed or discarded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import APIRouter

from api.auth.rights import Right, needs
from api.context import Ctx
from api.schemas.quarantine import Discard, Replay, ReplayResults
from api.workshop import Shop
from ingest import replay as replaying
from ingest.fold import OnDifference
from parkpulse.errors import InvalidRequestError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

router = APIRouter(
    tags=["ledger"], dependencies=[needs(Right.READ), needs(Right.QUARANTINE)]
)


@router.post(
    "/quarantine/replay",
    response_model=ReplayResults,
    summary="Replay messages from the quarantine",
)
def replay_quarantined(body: Replay, ctx: Ctx, shop: Shop) -> object:
    """Put messages through the pipeline again, each with its first receipt.

    Each is a transaction of its own; the answer tells of every one. What is refused
    again stays in quarantine with its new reason.
    """
    difference = OnDifference.REPLACE if body.force else OnDifference.KEEP
    with shop.registrar() as registrar:

        def replay(entry_id: UUID) -> dict[str, Any]:
            done = replaying.replay(
                ctx.database, registrar, entry_id, shop.retention_s, difference
            )
            found: dict[str, Any] = msgspec.to_builtins(done)
            return found

        return {"items": [_attempt(replay, each) for each in dict.fromkeys(body.ids)]}


@router.post(
    "/quarantine/discard",
    response_model=ReplayResults,
    summary="Discard messages in the quarantine",
)
def discard_quarantined(body: Discard, ctx: Ctx) -> object:
    """Mark messages as not to be replayed; they stay, with the reason given."""

    def discard(entry_id: UUID) -> dict[str, Any]:
        replaying.discard(ctx.database, entry_id, body.note)
        return {"id": entry_id, "state": "discarded"}

    return {"items": [_attempt(discard, each) for each in dict.fromkeys(body.ids)]}


def _attempt(job: Callable[[UUID], dict[str, Any]], entry_id: UUID) -> dict[str, Any]:
    try:
        return job(entry_id)
    except InvalidRequestError as error:
        return {"id": entry_id, "problem": error.code}
    except NotFoundError:
        return {"id": entry_id, "problem": "not_found"}
