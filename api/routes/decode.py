"""What a message of any format says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter

from api import examples
from api.auth.rights import Right, needs
from api.schemas.decode import Decode, Decoded, DecodeFormats
from api.workshop import Shop
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.wire import formats, profiles, trial
from parkpulse.wire.trial import Trial

if TYPE_CHECKING:
    from api.workshop import Workshop

router = APIRouter(
    tags=["decode"], dependencies=[needs(Right.READ), needs(Right.REGISTRY)]
)
_PROFILE = "profile:"


@router.get(
    "/decode/formats", response_model=DecodeFormats, summary="Formats of messages"
)
def list_formats() -> object:
    """All formats by name, with a message to begin with."""
    names = [*formats.FORMATS, *(f"{_PROFILE}{name}" for name in profiles.names())]
    return {
        "items": [{"name": name, "example": examples.of(name)} for name in names],
    }


@router.post("/decode", response_model=Decoded, summary="Decode messages")
def decode(body: Decode, shop: Shop) -> object:
    """Say what messages say; nothing is stored, no time window or range applied.

    The items are what `parkpulse decode --json` prints. It takes at most 10 s.
    """
    if not body.format and body.profile is None:
        code, message = "missing", "name a format or give a profile"
        raise InvalidRequestError(code, message, "/format")
    received = body.received or datetime.now(UTC)
    return tried(
        shop,
        Trial(
            format=body.format,
            payload=body.payload,
            encoding=body.encoding,
            topic=body.topic,
            received_us=instants.to_us(received),
            options=body.options,
            profile=body.profile,
            suffix=f".{body.profile_language}",
            folder=None if shop.profiles is None else str(shop.profiles),
        ),
    )


def tried(shop: Workshop, wanted: Trial) -> trial.Answer:
    """Try it: with a profile in a process that may be ended; raises BusyError."""
    is_own = wanted.profile is not None or wanted.format.startswith(_PROFILE)
    if not is_own and "profile" not in "".join(wanted.options):
        return trial.attempt(wanted)
    with shop.trial():
        return trial.run(wanted)
