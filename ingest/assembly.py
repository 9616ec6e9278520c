"""Puts messages together that came in parts, or gives them up."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ingest import formats, keeping, outcomes, pipeline, placing, topics, writer
from ingest.arrivals import Arrival
from ingest.replies import Reply
from parkpulse.errors import DecodeError
from parkpulse.model import instants, reasons
from parkpulse.model.message import Refusal
from parkpulse.store import fragments, ledger, quarantine
from parkpulse.store.ledger import Counts
from parkpulse.wire.formats import Context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.formats import Location
    from ingest.pipeline import Letter
    from ingest.registrar import Registrar
    from parkpulse.model.message import Telegram
    from parkpulse.store.fragments import Waiting
    from parkpulse.store.ledger import Key
    from parkpulse.store.pool import Connection, Database

PATIENCE_US = 10 * instants.MINUTE
"""So long parts wait for the others. [us]"""
_ASKED_WITHIN_US = 3 * instants.SECOND
"""For a part that is missing a station is asked only just after it has sent others."""


class Assembled(NamedTuple):
    """What became of parts."""

    letters: list[Letter]
    """Messages that were put together."""
    requests: list[Reply]
    """Parts that stations are asked for again."""
    are_waiting: bool
    """Whether parts still wait for others."""


class _Whole(NamedTuple):
    """A message that its parts make up."""

    telegram: Telegram
    parts: list[Waiting]


@dataclass(slots=True)
class _Sorted:
    """Parts of a device, by what they make up."""

    wholes: list[_Whole] = field(default_factory=list)
    open: dict[str, list[Waiting]] = field(default_factory=dict)
    """Parts that wait for others, by station and function."""
    requests: list[Reply] = field(default_factory=list)


def assemble(
    database: Database, registrar: Registrar, name: str, retention_us: int
) -> Assembled:
    """Store messages whose parts are all there; quarantine parts that waited too long.

    Parameters
    ----------
    database
        Where the parts are.
    registrar
        Knows the devices.
    name
        Name of the writer.
    retention_us
        Readings older than this, on the park's clock, are refused. [us]

    Raises
    ------
    StoreError
        Try again later: nothing is lost.
    """
    with database.transaction() as connection:
        devices = fragments.devices(connection)
    made = Assembled([], [], are_waiting=False)
    for park_id, device in devices:
        with database.transaction() as connection:
            waiting = fragments.lock(connection, park_id, device)
            found = _sorted(waiting, registrar)
            for whole in found.wholes:
                letter = _letter(whole, registrar)
                _store(connection, registrar, name, letter, whole, retention_us)
                made.letters.append(letter)
            used = [each for whole in found.wholes for each in whole.parts]
            given_up = _expired(waiting, used)
            _give_up(connection, name, given_up, registrar)
            fragments.remove(connection, [each.id for each in (*used, *given_up)])
        made.requests.extend(found.requests)
        is_left = len(used) + len(given_up) < len(waiting)
        made = made._replace(are_waiting=made.are_waiting or is_left)
    return made


def _sorted(waiting: Sequence[Waiting], registrar: Registrar) -> _Sorted:
    """Find messages that are complete, by reading the parts in order of receipt."""
    found = _Sorted()
    decoder = None
    for each in waiting:
        arrival = _arrival(each)
        location = formats.locate(arrival.topic, registrar.directory)
        decoder = decoder or formats.fresh(location.address.format)
        context = Context(arrival.topic, arrival.received_us, location.options)
        with contextlib.suppress(DecodeError):  # it waits until it is given up
            telegram = decoder.decode(arrival.payload, context)
            _sort(found, each, telegram, location)
    return found


def _sort(
    found: _Sorted, part: Waiting, telegram: Telegram, location: Location
) -> None:
    about = telegram.about
    parts = found.open.setdefault(f"{about.get('station')}/{about.get('function')}", [])
    parts.append(part)
    if not telegram.awaits:
        found.wholes.append(_Whole(telegram, parts.copy()))
        parts.clear()
    elif telegram.reply and _age_us(part) < _ASKED_WITHIN_US:
        topic = topics.down(location.address, part.fragment.topic.decode())
        if topic is not None:
            found.requests.append(Reply(topic, telegram.reply))


def _age_us(part: Waiting) -> int:
    return time.time_ns() // 1000 - instants.to_us(part.fragment.received_at)


def _arrival(waiting: Waiting) -> Arrival:
    return Arrival(
        number=0,
        received_us=instants.to_us(waiting.fragment.received_at),
        topic=waiting.fragment.topic.decode(errors="replace"),
        payload=waiting.fragment.payload,
    )


def _letter(whole: _Whole, registrar: Registrar) -> Letter:
    payload = b"".join(each.fragment.payload for each in whole.parts)
    arrival = _arrival(whole.parts[-1])._replace(payload=payload)
    return pipeline.addressed(arrival, whole.telegram, registrar.directory)


def _store(
    connection: Connection,
    registrar: Registrar,
    name: str,
    letter: Letter,
    whole: _Whole,
    retention_us: int,
) -> None:
    """Store what the message says; its parts are counted as stored messages already."""
    letters = [letter]
    receipts = registrar.complete(letters)
    values, clocks = placing.place(
        letters, registrar.directory, registrar.clocks(), receipts, retention_us
    )
    written = writer.write(connection, values, writer.Newest())
    keeping.keep_events(connection, letters, receipts)
    ((key, counts),) = outcomes.count(letters, values.letter, written.kind).items()
    parts = _recounted(whole.parts, counts)
    counts.stored = counts.duplicate = counts.quarantined = 0
    ledger.add(connection, name, {key: counts})
    ledger.add(connection, name, parts)
    quarantine.put(connection, outcomes.quarantined(name, letters))
    writer.log(connection, name, written)
    registrar.note_clocks(clocks)


def _expired(waiting: Sequence[Waiting], used: Sequence[Waiting]) -> list[Waiting]:
    ids = {each.id for each in used}
    return [
        each for each in waiting if each.id not in ids and _age_us(each) > PATIENCE_US
    ]


def _give_up(
    connection: Connection,
    name: str,
    given_up: Sequence[Waiting],
    registrar: Registrar,
) -> None:
    """Quarantine parts: the ledger counts them no longer as stored."""
    entries = [
        outcomes.entry(
            name, pipeline.unread(_arrival(each), registrar.directory, _INCOMPLETE)
        )
        for each in given_up
    ]
    ledger.add(connection, name, _recounted(given_up, Counts(quarantined=1)))
    quarantine.put(connection, entries)


def _recounted(parts: Sequence[Waiting], outcome: Counts) -> dict[Key, Counts]:
    """Count parts, stored so far, as what became of the message that they belong to."""
    moved: dict[Key, Counts] = {}
    for each in parts:
        hour = each.fragment.received_at.replace(minute=0, second=0, microsecond=0)
        counts = moved.setdefault((hour, each.fragment.source), Counts())
        counts.stored += outcome.stored - 1
        counts.duplicate += outcome.duplicate
        counts.quarantined += outcome.quarantined
    return moved


_INCOMPLETE = Refusal(reasons.INCOMPLETE, "the other parts never came")
