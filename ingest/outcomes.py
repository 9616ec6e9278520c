"""What became of each message: ledger and quarantine of a batch; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
import uuid_utils.compat

from ingest import fold, pipeline, plain, topics
from ingest.pipeline import Novelty
from parkpulse.model import instants, reasons
from parkpulse.store.ledger import Counts
from parkpulse.store.quarantine import KEPT_BYTES, Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from ingest.arrivals import Arrival
    from ingest.pipeline import Letter
    from ingest.plain import Messages
    from parkpulse.model.directory import Directory
    from parkpulse.model.packed import ByteArray, Int64Array
    from parkpulse.store.ledger import Key

_SHOWN_REFUSALS = 5
_LONGEST_DETAIL = 2000
_PARK_BITS = 2**32 - 1
_NAMELESS = {reasons.UNKNOWN_PARK, reasons.TOO_MANY_DISCOVERED}
"""Reasons for which names come from outside: they must not multiply the limits."""


def received(
    arrivals: Sequence[Arrival], before: int, directory: Directory
) -> dict[Key, Counts]:
    """Count what was received since arrival number `before`, apart from all outcomes.

    The numbers decide: an arrival that is missing among them is counted too, without a
    known source, and shows as a difference in the ledger.
    """
    counts: defaultdict[Key, Counts] = defaultdict(Counts)
    hours = [arrival.received_us // instants.HOUR for arrival in arrivals]
    sources = [_source(arrival.topic, directory) for arrival in arrivals]
    for (hour, source), number in Counter(zip(hours, sources, strict=True)).items():
        counts[instants.from_us(hour * instants.HOUR), source].received += number
    if arrivals:
        last = arrivals[-1]
        lost = last.number - before - len(arrivals)
        if lost:
            counts[_hour(last), pipeline.source("", directory)].received += lost
    return dict(counts)


def _source(topic: str, directory: Directory) -> str:
    device = plain.device_of(topic, directory)
    if device is None:
        return pipeline.source(topic, directory)
    return f"{device.park.code}/{topics.NATIVE}"


def _hour(arrival: Arrival) -> datetime:
    return instants.from_us(arrival.received_us - arrival.received_us % instants.HOUR)


def count(
    letters: Sequence[Letter], letter: Int64Array, kind: ByteArray
) -> dict[Key, Counts]:
    """Count outcomes of messages and of values.

    A message is stored if at least one of its values or events is new (a correction
    is), else a duplicate if at least one is, else quarantined.

    Parameters
    ----------
    letters
        The messages.
    letter, kind : arrays, shape (n,)
        Index of the message of each value, and what became of the value.
    """
    size = len(letters)
    letter, kind = letter[letter < size], kind[letter < size]
    new = np.bincount(letter[kind == fold.NEW], minlength=size).tolist()
    corrected = np.bincount(letter[kind == fold.CORRECTED], minlength=size).tolist()
    repeated = np.bincount(letter[kind == fold.DUPLICATE], minlength=size).tolist()
    counts: defaultdict[Key, Counts] = defaultdict(Counts)
    for index, each in enumerate(letters):
        of = counts[_hour(each.arrival), each.source]
        of.values_stored += new[index]
        of.values_corrected += corrected[index]
        of.values_duplicate += repeated[index]
        of.values_refused += refused_values(each)
        if new[index] or corrected[index] or each.others is Novelty.NEW:
            of.stored += 1
        elif repeated[index] or each.others is Novelty.KNOWN:
            of.duplicate += 1
        else:
            of.quarantined += 1
            each.is_whole = True
    return dict(counts)


def count_plain(
    messages: Messages,
    first: int,
    letter: Int64Array,
    kind: ByteArray,
    directory: Directory,
) -> dict[Key, Counts]:
    """Count outcomes of plain messages: nothing of them is refused.

    Parameters
    ----------
    messages
        The messages.
    first
        Index that the first of them has in `letter`.
    letter, kind : arrays, shape (n,)
        Index of the message of each value, and what became of the value.
    directory
        Knows their parks.
    """
    if not len(messages):
        return {}
    codes = {park.id: park.code for park in directory.parks.values()}
    hour = messages.received_us // instants.HOUR
    keys, of = np.unique((hour << 32) + messages.park, return_inverse=True)
    letter, kind = letter[letter >= first] - first, kind[letter >= first]
    is_stored = np.zeros(len(messages), np.bool_)
    is_stored[letter[kind != fold.DUPLICATE]] = True
    values = [
        np.bincount(of[letter[kind == each]], minlength=len(keys)).tolist()
        for each in (fold.NEW, fold.DUPLICATE, fold.CORRECTED)
    ]
    stored = np.bincount(of[is_stored], minlength=len(keys)).tolist()
    repeated = np.bincount(of[~is_stored], minlength=len(keys)).tolist()
    return {
        (
            instants.from_us((key >> 32) * instants.HOUR),
            f"{codes[key & _PARK_BITS]}/{topics.NATIVE}",
        ): Counts(
            0, stored[index], repeated[index], 0, *(each[index] for each in values)
        )
        for index, key in enumerate(keys.tolist())
    }


def refused_values(letter: Letter) -> int:
    """Count the refused values; 0 if the message could not be read."""
    if not letter.parts:
        return 0
    if letter.is_whole:
        messages = [part.message for part in letter.parts]
        return sum(len(each.values) + len(each.refused) for each in messages)
    return len(letter.refused)


def add(*counted: Mapping[Key, Counts]) -> dict[Key, Counts]:
    """Put together what was received and what became of it."""
    total: defaultdict[Key, Counts] = defaultdict(Counts)
    for counts in counted:
        for key, each in counts.items():
            total[key] += each
    return dict(total)


def quarantined(writer: str, letters: Iterable[Letter]) -> list[Entry]:
    """Entries of the quarantine for all messages of which something was refused."""
    return [entry(writer, each) for each in letters if each.refused]


def entry(writer: str, letter: Letter) -> Entry:
    """Entry of the quarantine for a message of which something was refused."""
    arrival, address = letter.arrival, letter.address
    reason, detail = explain(letter)
    park = address.park if address and reason != reasons.UNKNOWN_PARK else None
    device = address.device if address and reason not in _NAMELESS else None
    return Entry(
        id=uuid_utils.compat.uuid7(),
        at=instants.from_us(arrival.received_us),
        writer=writer,
        source=letter.source,
        park=park,
        device=device,
        format=address.format if address else None,
        topic=arrival.topic.encode(errors="surrogatepass"),
        reason=reason,
        detail=detail,
        raw=arrival.payload[:KEPT_BYTES],
        length=len(arrival.payload),
        sha256=pipeline.fingerprint(arrival.payload),
        is_whole=letter.is_whole,
        refused=refused_values(letter),
    )


def explain(letter: Letter) -> tuple[str, str]:
    """First reason against a message, and the details of the first few."""
    reason = letter.refused[0].reason
    shown = [
        each.detail if each.reason == reason else f"{each.reason}: {each.detail}"
        for each in letter.refused[:_SHOWN_REFUSALS]
    ]
    more = len(letter.refused) - len(shown)
    if more:
        shown.append(f"and {more} more")
    return reason, printable("; ".join(shown))


def printable(text: str) -> str:
    """Make a text one that PostgreSQL takes: no surrogates, no NUL, not too long."""
    safe = text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
    return safe if len(safe) <= _LONGEST_DETAIL else f"{safe[:_LONGEST_DETAIL]}…"
