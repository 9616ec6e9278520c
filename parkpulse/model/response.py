"""Response plans: the checklist of an alert."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

_Text = Annotated[str, Meta(min_length=1, max_length=500)]


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do, in both languages."""

    code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
    zh: _Text
    en: _Text


Steps = Annotated[list[Step], Meta(max_length=50)]


class Ticked(Struct, frozen=True):
    """A step of an alert's checklist, and who has done it, if anybody has."""

    code: str
    zh: str
    en: str
    done_by: str | None
    done_at: datetime | None
