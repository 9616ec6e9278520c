"""Replaying and discarding what is in quarantine."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api.schemas.common import Answer, Request, example

_ENTRY = "019a3c5e-0b7e-7cc3-98f6-3b1f6a1d2e40"
MOST = 100
"""Most messages of one request."""
Ids = Annotated[list[UUID], Field(min_length=1, max_length=MOST)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class Replay(Request):
    """Which messages go through the pipeline again."""

    model_config = example({"ids": [_ENTRY], "force": False})

    ids: Ids
    force: bool = Field(
        default=False, description="Overwrite other values stored meanwhile."
    )


class Discard(Request):
    """Which messages are not to be replayed, and why."""

    model_config = example({"ids": [_ENTRY], "note": "sent by a test device"})

    ids: Ids
    note: Note = Field(min_length=1, description="Why.")


class ReplayResult(Answer):
    """What became of one message."""

    id: UUID
    state: Literal["open", "replayed", "discarded"] | None = Field(
        default=None, description="Null when nothing was done: `problem` says why."
    )
    stored: int = Field(default=0, description="Values that are new.")
    corrected: int = Field(
        default=0, description="Values that replaced others (only with `force`)."
    )
    duplicate: int = Field(default=0, description="Values that were stored already.")
    kept: int = Field(
        default=0, description="Values whose time has another value, which stays."
    )
    refused: int = Field(
        default=0, description="Values, or 1 for a message, still refused."
    )
    reason: str | None = Field(
        default=None, description="Why something is still refused."
    )
    problem: Literal["not_open", "truncated", "not_found"] | None = None


class ReplayResults(Answer):
    """What became of each message, in the order asked."""

    model_config = example(
        {
            "items": [
                {
                    "id": _ENTRY,
                    "state": "replayed",
                    "stored": 2,
                    "corrected": 0,
                    "duplicate": 0,
                    "kept": 0,
                    "refused": 0,
                    "reason": None,
                    "problem": None,
                }
            ]
        }
    )

    items: list[ReplayResult]
