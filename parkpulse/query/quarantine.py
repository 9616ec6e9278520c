"""The quarantine for people: messages that were not stored, and why."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple
from uuid import UUID

from parkpulse.errors import NotFoundError
from parkpulse.model import instants
from parkpulse.query import paging
from parkpulse.query.paging import Page
from parkpulse.store import quarantine as store

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.store.pool import Connection
    from parkpulse.store.quarantine import Entry, State

NEWEST_FIRST = "-at"


class Search(NamedTuple):
    """Which messages; None does not restrict."""

    park: str | None = None
    reason: str | None = None
    state: State | None = None
    since: datetime | None = None
    device: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntryView:
    """A message that was refused, whole or in part."""

    id: UUID
    at: datetime
    park: str | None
    device: str | None
    topic: str
    reason: str
    detail: str
    length: int
    sha256: str
    format: str | None
    state: State
    raw: str
    raw_encoding: Literal["text", "base64"]
    truncated: bool
    refused: int
    """Number of refused values; 0 if the message could not be read."""
    state_at: datetime | None
    note: str
    """Why it was discarded."""


def page(
    conn: Connection,
    search: Search,
    limit: int,
    cursor: str | None,
    order: str = NEWEST_FIRST,
) -> Page[EntryView]:
    """Return one page in order of time, without the raw bytes."""
    after = None if cursor is None else _after(cursor, order)
    found = store.page(conn, limit + 1, **search._asdict(), after=after, order=order)
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        key = (instants.to_us(last.at), str(last.id))
        following = paging.encode(order, key)
    return Page([_view(entry) for entry in found[:limit]], following)


def find(conn: Connection, entry_id: UUID) -> EntryView:
    """Return one message with its raw bytes; raises NotFoundError."""
    entry = store.get(conn, entry_id)
    if entry is None:
        kind = "quarantine"
        raise NotFoundError(kind, str(entry_id))
    return _view(entry)


def _after(cursor: str, order: str) -> tuple[datetime, UUID]:
    at, entry_id = paging.decode(order, cursor, [int, str])
    try:
        return instants.from_us(int(at)), UUID(str(entry_id))
    except (ValueError, OverflowError) as error:
        raise paging.refusal() from error


def _view(entry: Entry) -> EntryView:
    raw, encoding = _text(entry.raw)
    return EntryView(
        id=entry.id,
        at=entry.at,
        park=entry.park,
        device=entry.device,
        topic=entry.topic.decode(errors="backslashreplace"),
        reason=entry.reason,
        detail=entry.detail,
        length=entry.length,
        sha256=entry.sha256.hex(),
        format=entry.format,
        state=entry.state,
        raw=raw,
        raw_encoding=encoding,
        truncated=entry.length > len(entry.raw),
        refused=entry.refused,
        state_at=entry.state_at,
        note=entry.note,
    )


def _text(raw: bytes) -> tuple[str, Literal["text", "base64"]]:
    try:
        return raw.decode(), "text"
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode(), "base64"
