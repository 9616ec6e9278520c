"""What is stored of a batch beside its values: events, parts of messages, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest import pipeline, plain
from ingest.pipeline import Novelty
from parkpulse.model import instants
from parkpulse.store import events, fragments, sequences
from parkpulse.store.events import EventRow
from parkpulse.store.fragments import Fragment
from parkpulse.store.sequences import Numbered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ingest.pipeline import Letter, Part
    from ingest.plain import Messages
    from parkpulse.model.directory import DeviceEntry, Directory
    from parkpulse.model.message import Event
    from parkpulse.store.pool import Connection

_AHEAD_US = 5 * instants.MINUTE


def keep_events(
    connection: Connection, letters: Sequence[Letter], receipts: Mapping[int, int]
) -> None:
    """Store the events of letters, and note in them whether there was anything new.

    Parameters
    ----------
    connection
        In a transaction.
    letters
        With their devices.
    receipts
        First receipts of messages without any time, by index. [us]
    """
    found = [
        (index, row)
        for index, letter in enumerate(letters)
        if letter.telegram is not None and not letter.is_whole
        for part in letter.parts
        for row in _rows(letter, part, receipts.get(index))
    ]
    is_new = events.put(connection, [row for _, row in found])
    for (index, _), new in zip(found, is_new, strict=True):
        _note(letters[index], is_new=new)


def keep_fragments(
    connection: Connection,
    writer: str,
    letters: Sequence[Letter],
    directory: Directory,
) -> bool:
    """Store parts of messages that wait for the others; tell whether there were any."""
    waiting = [
        letter
        for letter in letters
        if letter.telegram is not None and letter.telegram.awaits
    ]
    is_new = fragments.put(
        connection, [_fragment(writer, each, directory) for each in waiting]
    )
    for letter, new in zip(waiting, is_new, strict=True):
        _note(letter, is_new=new)
    return bool(waiting)


def note_numbers(
    connection: Connection,
    writer: str,
    letters: Iterable[Letter],
    messages: Messages,
) -> None:
    """Note the numbers that devices gave their messages, in order of arrival."""
    numbered = [
        (position, part.device.park.id, part.device.id, part.message.seq)
        for position, letter in zip(messages.rest, letters, strict=True)
        for part in letter.parts
        if part.device is not None and part.message.seq is not None
    ]
    position, park, device, seq = np.array(numbered, np.int64).reshape(-1, 4).T
    has = messages.seq != plain.NO_SEQ
    order = np.argsort(
        np.concatenate([position, messages.position[has]]), kind="stable"
    )
    park = np.concatenate([park, messages.park[has]])[order]
    device = np.concatenate([device, messages.device[has]])[order]
    seq = np.concatenate([seq, messages.seq[has]])[order]
    columns = Numbered(device.astype(np.int32), seq)
    sequences.append(connection, writer, park, columns)


def _note(letter: Letter, *, is_new: bool) -> None:
    if is_new:
        letter.others = Novelty.NEW
    elif letter.others is Novelty.NOTHING:
        letter.others = Novelty.KNOWN


def _rows(letter: Letter, part: Part, receipt_us: int | None) -> list[EventRow]:
    device = part.device
    if device is None:
        return []
    return [
        EventRow(
            park_id=device.park.id,
            device_id=device.id,
            ts=instants.from_us(_moment(letter, part, event, device, receipt_us)),
            received_at=instants.from_us(letter.arrival.received_us),
            kind=event.kind,
            detail=event.detail,
            body=event.body,
        )
        for event in part.message.events
    ]


def _moment(
    letter: Letter,
    part: Part,
    event: Event,
    device: DeviceEntry,
    receipt_us: int | None,
) -> int:
    """Observed time of an event; its receipt where the device's clock cannot be."""
    received = letter.arrival.received_us if receipt_us is None else receipt_us
    told = event.ts_us if event.ts_us is not None else part.message.sent_us
    if told is None or not device.has_trusted_clock:
        return received
    is_possible = device.park.accept_from_us <= told <= received + _AHEAD_US
    return told if is_possible else received


def _fragment(writer: str, letter: Letter, directory: Directory) -> Fragment:
    arrival, address = letter.arrival, letter.address
    assert address is not None  # noqa: S101 - only a known address is read
    return Fragment(
        park_id=directory.parks[address.park].id,
        device=address.device,
        received_at=instants.from_us(arrival.received_us),
        writer=writer,
        source=letter.source,
        topic=arrival.topic.encode(),
        sha256=pipeline.fingerprint(arrival.payload),
        payload=arrival.payload,
    )
