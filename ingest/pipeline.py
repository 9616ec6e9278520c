"""Arrivals to letters that know their devices: pure, without database or clock.

An arrival is first *read* (topic and payload); a letter has a part for each device that
it speaks of. Then the devices and series are looked up; what is missing there is
registered by the caller. Then `placing` takes over.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from ingest import topics
from parkpulse.errors import DecodeError
from parkpulse.model import metrics, reasons
from parkpulse.model.message import Refusal
from parkpulse.wire import native

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.arrivals import Arrival
    from ingest.topics import Address
    from parkpulse.model.directory import DeviceEntry, Directory
    from parkpulse.model.message import Message


@dataclass(slots=True)
class Part:
    """What a letter says of one device."""

    address: Address
    message: Message
    device: DeviceEntry | None = None


@dataclass(slots=True)
class Letter:
    """An arrival on its way through the pipeline."""

    arrival: Arrival
    source: str
    """Source in the ledger."""
    address: Address | None = None
    """What the topic says."""
    parts: list[Part] = field(default_factory=list)
    """One for each device that it speaks of."""
    refused: list[Refusal] = field(default_factory=list)
    """What of it is not stored, and why."""
    is_whole: bool = False
    """Whether it is refused as a whole."""

    def refuse(self, reason: str, detail: str) -> None:
        """Refuse it as a whole."""
        self.refused = [Refusal(reason, detail)]
        self.is_whole = True

    def refuse_part(self, part: Part, reason: str, detail: str) -> None:
        """Refuse all values of a part; with its only part the letter is refused."""
        if len(self.parts) == 1:
            self.refuse(reason, detail)
            return
        self.parts.remove(part)
        self.refused += [Refusal(reason, detail)] * len(part.message.values)


def unknown_parks(arrivals: Sequence[Arrival], directory: Directory) -> set[str]:
    """Parks that topics name and the directory lacks."""
    named = set()
    for arrival in arrivals:
        with contextlib.suppress(DecodeError):
            named.add(_parse(arrival.topic).park)
    return named - directory.parks.keys()


def read(arrivals: Sequence[Arrival], directory: Directory) -> list[Letter]:
    """Read topics and payloads; what cannot be read is refused as a whole."""
    return [_read(arrival, directory) for arrival in arrivals]


def source(topic: str, directory: Directory) -> str:
    """Source in the ledger of what comes on a topic."""
    try:
        address = _parse(topic)
    except DecodeError:
        return f"{topics.NO_PARK}/{topics.UNKNOWN}"
    return _source(address, directory)


def _source(address: Address, directory: Directory) -> str:
    park = address.park if address.park in directory.parks else topics.NO_PARK
    return f"{park}/{address.format}"


@lru_cache(maxsize=100_000)
def _parse(topic: str) -> Address:
    return topics.parse(topic)


def unread(arrival: Arrival, directory: Directory, refusal: Refusal) -> Letter:
    """Make a letter of a message that shall be refused without being read."""
    letter = Letter(arrival, source(arrival.topic, directory))
    with contextlib.suppress(DecodeError):
        letter.address = _parse(arrival.topic)
    letter.refuse(*refusal)
    return letter


def _read(arrival: Arrival, directory: Directory) -> Letter:
    letter = Letter(arrival, f"{topics.NO_PARK}/{topics.UNKNOWN}")
    try:
        letter.address = address = _parse(arrival.topic)
        letter.source = _source(address, directory)
        if address.park not in directory.parks:
            letter.refuse(reasons.UNKNOWN_PARK, f"nobody registered {address.park!r}")
            return letter
        letter.parts = _parts(arrival, address)
    except DecodeError as error:
        letter.refuse(error.reason, error.detail)
        return letter
    for part in letter.parts:
        letter.refused += part.message.refused
        part.device = directory.device(part.address.park, part.address.device)
    return letter


def _parts(arrival: Arrival, address: Address) -> list[Part]:
    """Read the payload; one part for each device of which its format speaks."""
    return [Part(address, native.decode(arrival.payload))]


def missing(letters: Sequence[Letter], directory: Directory) -> dict[Address, set[str]]:
    """Metrics by device that letters report and the directory lacks."""
    found: dict[Address, set[str]] = {}
    for part in _readable_parts(letters):
        device = directory.device(part.address.park, part.address.device)
        known = device.rows.keys() if device is not None else ()
        lacking = {
            metric
            for metric in part.message.metrics
            if metric not in known and metric in metrics.METRICS
        }
        if lacking:
            found.setdefault(part.address, set()).update(lacking)
    return found


def _readable_parts(letters: Sequence[Letter]) -> Iterator[Part]:
    return (part for letter in letters if not letter.is_whole for part in letter.parts)


def resolve(letters: Sequence[Letter], directory: Directory) -> None:
    """Look up the devices again after what was missing has been registered."""
    for letter in letters:
        for part in () if letter.is_whole else tuple(letter.parts):
            part.device = directory.device(part.address.park, part.address.device)
            if part.device is None and not metrics.METRICS.keys().isdisjoint(
                part.message.metrics
            ):
                detail = f"device {part.address.device!r} is not registered"
                letter.refuse_part(part, reasons.TOO_MANY_DISCOVERED, detail)


def untimed(letters: Sequence[Letter]) -> dict[int, DeviceEntry]:
    """Letters that need their first receipt as a time, each with a device of it."""
    return {
        index: part.device
        for index, letter in enumerate(letters)
        if not letter.is_whole
        for part in letter.parts
        if part.device is not None and _needs_receipt(part.message, part.device)
    }


def _needs_receipt(message: Message, device: DeviceEntry) -> bool:
    if message.sent_us is not None:
        return False
    return not device.has_trusted_clock or None in message.ts_us


def fingerprint(payload: bytes) -> bytes:
    """SHA-256 of a payload."""
    return hashlib.sha256(payload).digest()


def observed(
    message: Message, device: DeviceEntry, receipt_us: int | None
) -> list[int]:
    """Return the observed time of each value [us]; a function of message and device.

    A value without a time has the message's sent time. If the device's clock is not
    trusted, the newest value has the sent time, and the others keep their distance
    from it. Where there is no sent time, the first receipt stands for it.
    """
    sent = message.sent_us if message.sent_us is not None else receipt_us
    told = [at for at in message.ts_us if at is not None]
    shift = 0
    if not device.has_trusted_clock and told and sent is not None:
        shift = sent - max(told)
    times = [sent if at is None else at + shift for at in message.ts_us]
    return [at for at in times if at is not None]
