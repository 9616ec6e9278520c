"""Brings messages back from the quarantine, as if they had just been received then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ingest import fold, outcomes, placing, writer
from ingest.arrivals import Arrival
from ingest.fold import OnDifference
from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model import instants
from parkpulse.store import ledger, quarantine
from parkpulse.store.quarantine import State

if TYPE_CHECKING:
    from uuid import UUID

    from ingest.pipeline import Letter
    from ingest.registrar import Registrar
    from parkpulse.store.ledger import Counts
    from parkpulse.store.pool import Connection, Database
    from parkpulse.store.quarantine import Entry

WRITER = "replay"
"""Under this name replays enter the ledger and the batch log."""


class Replayed(msgspec.Struct, frozen=True):
    """What a replay did with the values of a message."""

    id: str
    state: State
    stored: int
    """Values that are new."""
    corrected: int
    """Values that replaced others (only when forced)."""
    duplicate: int
    """Values that were stored already."""
    kept: int
    """Values whose key has another value, which stays."""
    refused: int
    """Values, or 1 for a message that cannot be read, that are still refused."""
    reason: str | None
    """Why something is still refused."""


def replay(
    database: Database,
    registrar: Registrar,
    entry_id: UUID,
    retention_s: float,
    on_difference: OnDifference = OnDifference.KEEP,
) -> Replayed:
    """Put a quarantined message through the pipeline with its original receipt.

    Values that are stored meanwhile stay as they are unless `on_difference` says
    otherwise. The ledger moves the message from quarantined to its new outcome, in the
    hour and source in which it was received.

    Raises
    ------
    NotFoundError
        There is no such entry.
    InvalidRequestError
        The entry is not open, or only a part of the message was kept.
    """
    with database.transaction() as connection:
        entry = quarantine.lock(connection, entry_id)
        if entry is None:
            raise NotFoundError(quarantine.KIND, str(entry_id))
        _require_replayable(entry)
        arrival = _arrival(entry)
        letters = registrar.read([arrival])
        registrar.reader.forget(arrival.number)  # the next entry has the same number
        receipts = registrar.complete(letters)
        values, _ = placing.place(
            letters,
            registrar.directory,
            registrar.clocks(),
            receipts,
            round(retention_s * instants.SECOND),
        )
        written = writer.write(
            connection, values, writer.Newest(), on_difference, cause="replay"
        )
        writer.log(connection, WRITER, written)
        (letter,) = letters
        kept = int((written.kind == fold.KEPT).sum())
        ((key, counts),) = outcomes.count(letters, values.letter, written.kind).items()
        change = _change(entry, counts, kept)
        ledger.add(connection, WRITER, {(key[0], entry.source): change})
        state = _settle(connection, entry, letter)
    return Replayed(
        id=str(entry_id),
        state=state,
        stored=counts.values_stored,
        corrected=counts.values_corrected,
        duplicate=counts.values_duplicate,
        kept=kept,
        refused=counts.values_refused or int(not letter.parts),
        reason=letter.refused[0].reason if letter.refused else None,
    )


def _require_replayable(entry: Entry) -> None:
    if entry.state != "open":
        message = f"the entry is {entry.state} already"
        raise InvalidRequestError(_NOT_OPEN, message, "id")
    if entry.length > len(entry.raw):
        message = f"only {len(entry.raw)} of {entry.length} bytes were kept"
        raise InvalidRequestError(_TRUNCATED, message, "id")


_NOT_OPEN = "not_open"
_TRUNCATED = "truncated"


def _arrival(entry: Entry) -> Arrival:
    return Arrival(
        number=1,
        received_us=instants.to_us(entry.at),
        topic=entry.topic.decode(errors="replace"),
        payload=entry.raw,
    )


def _change(entry: Entry, counts: Counts, kept: int) -> Counts:
    """Tell what changes in the ledger, where the message is counted already."""
    still_refused = counts.values_refused + kept
    change = ledger.Counts(
        values_stored=counts.values_stored,
        values_corrected=counts.values_corrected,
        values_refused=still_refused - entry.refused,
    )
    if not entry.is_whole:
        # The values that were not refused are duplicates now: they count already.
        new = counts.values_stored + counts.values_corrected
        change.values_duplicate = max(entry.refused - still_refused - new, 0)
        return change
    change.values_duplicate = counts.values_duplicate
    change.stored, change.duplicate = counts.stored, counts.duplicate
    change.quarantined = -(counts.stored + counts.duplicate)
    return change


def _settle(connection: Connection, entry: Entry, letter: Letter) -> State:
    if not letter.refused:
        quarantine.settle(connection, entry.id, "replayed")
        return "replayed"
    reason, detail = outcomes.explain(letter)
    quarantine.restate(
        connection,
        entry._replace(
            reason=reason,
            detail=detail,
            refused=outcomes.refused_values(letter),
            is_whole=letter.is_whole,
        ),
    )
    return "open"


def discard(database: Database, entry_id: UUID, note: str = "") -> None:
    """Mark a quarantined message as not to be replayed; it stays in the quarantine.

    Raises
    ------
    NotFoundError
        There is no such entry.
    InvalidRequestError
        The entry is not open.
    """
    with database.transaction() as connection:
        entry = quarantine.lock(connection, entry_id)
        if entry is None:
            raise NotFoundError(quarantine.KIND, str(entry_id))
        if entry.state != "open":
            message = f"the entry is {entry.state} already"
            raise InvalidRequestError(_NOT_OPEN, message, "id")
        quarantine.settle(connection, entry_id, "discarded", note)
