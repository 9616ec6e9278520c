"""Arrivals to letters that know their devices: pure, without database or clock.

An arrival is first *read* (topic and payload); a letter has a part for each device that
it speaks of. Then the devices and series are looked up; what is missing there is
registered by the caller. Then `placing` takes over.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from ingest import formats, topics
from ingest.formats import Location
from parkpulse.errors import DecodeError
from parkpulse.model import metrics, reasons
from parkpulse.model.message import Refusal
from parkpulse.wire import native

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.arrivals import Arrival
    from ingest.formats import Reader
    from ingest.topics import Address
    from parkpulse.model.directory import DeviceEntry, Directory
    from parkpulse.model.message import Message, Telegram


class Novelty(enum.Enum):
    """Whether there was something to store, and whether it was stored before."""

    NOTHING = 0
    KNOWN = 1
    NEW = 2


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
    telegram: Telegram | None = None
    """What it says in another format than the native one."""
    others: Novelty = Novelty.NOTHING
    """What is stored of it beside values: events, or itself as a part of a message."""

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
            named.add(_locate(arrival.topic, directory).address.park)
    return named - directory.parks.keys()


def read(
    arrivals: Sequence[Arrival], directory: Directory, reader: Reader
) -> list[Letter]:
    """Read topics and payloads; what cannot be read is refused as a whole."""
    return [_read(arrival, directory, reader) for arrival in arrivals]


def source(topic: str, directory: Directory) -> str:
    """Source in the ledger of what comes on a topic."""
    try:
        address = _locate(topic, directory).address
    except DecodeError:
        return f"{topics.NO_PARK}/{topics.UNKNOWN}"
    return _source(address, directory)


def _source(address: Address, directory: Directory) -> str:
    park = address.park if address.park in directory.parks else topics.NO_PARK
    return f"{park}/{address.format}"


def _locate(topic: str, directory: Directory) -> Location:
    """Tell where a topic leads; native ones by the shortest way."""
    if topic.endswith(_NATIVE_TOPIC) and topic.startswith(_OUR_TOPIC):
        return _native(topic)
    return formats.locate(topic, directory)


@lru_cache(maxsize=100_000)
def _native(topic: str) -> Location:
    return Location(topics.parse(topic), {})


_NATIVE_TOPIC = "/telemetry"
_OUR_TOPIC = f"{topics.ROOT}/"


def unread(arrival: Arrival, directory: Directory, refusal: Refusal) -> Letter:
    """Make a letter of a message that shall be refused without being read."""
    letter = Letter(arrival, source(arrival.topic, directory))
    with contextlib.suppress(DecodeError):
        letter.address = _locate(arrival.topic, directory).address
    letter.refuse(*refusal)
    return letter


def _read(arrival: Arrival, directory: Directory, reader: Reader) -> Letter:
    letter = Letter(arrival, f"{topics.NO_PARK}/{topics.UNKNOWN}")
    try:
        location = _locate(arrival.topic, directory)
        letter.address = address = location.address
        letter.source = _source(address, directory)
        if address.park not in directory.parks:
            letter.refuse(reasons.UNKNOWN_PARK, f"nobody registered {address.park!r}")
            return letter
        if address.format == topics.NATIVE:
            letter.parts = [Part(address, native.decode(arrival.payload))]
        else:
            letter.telegram = reader.read(arrival, location)
            letter.parts = _parts(letter.telegram, location)
    except DecodeError as error:
        letter.refuse(error.reason, error.detail)
        return letter
    _look_up(letter, directory)
    return letter


def _look_up(letter: Letter, directory: Directory) -> None:
    for part in letter.parts:
        letter.refused += part.message.refused
        part.device = directory.device(part.address.park, part.address.device)


def addressed(arrival: Arrival, telegram: Telegram, directory: Directory) -> Letter:
    """Make a letter of a message that was put together from parts."""
    location = _locate(arrival.topic, directory)
    letter = Letter(arrival, _source(location.address, directory), location.address)
    letter.telegram = telegram
    try:
        letter.parts = _parts(telegram, location)
    except DecodeError as error:
        letter.refuse(error.reason, error.detail)
    _look_up(letter, directory)
    return letter


def _parts(telegram: Telegram, location: Location) -> list[Part]:
    """One part for each device that is spoken of; none where more must come first."""
    if telegram.awaits and not telegram.messages:
        return []
    address = location.address
    return [
        Part(address._replace(device=message.device or ""), message)
        for message in formats.messages(telegram, location)
    ]


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
        if lacking or (device is None and part.message.events):
            found.setdefault(part.address, set()).update(lacking)
    return found


def _readable_parts(letters: Sequence[Letter]) -> Iterator[Part]:
    return (part for letter in letters if not letter.is_whole for part in letter.parts)


def resolve(letters: Sequence[Letter], directory: Directory) -> None:
    """Look up the devices again after what was missing has been registered."""
    for letter in letters:
        for part in () if letter.is_whole else tuple(letter.parts):
            part.device = directory.device(part.address.park, part.address.device)
            if part.device is not None and part.device.is_retired:
                detail = f"device {part.address.device!r} is out of use"
                letter.refuse_part(part, reasons.RETIRED_DEVICE, detail)
            elif part.device is None and _needs_device(part.message):
                detail = f"device {part.address.device!r} is not registered"
                letter.refuse_part(part, reasons.TOO_MANY_DISCOVERED, detail)


def _needs_device(message: Message) -> bool:
    return bool(message.events) or not metrics.METRICS.keys().isdisjoint(
        message.metrics
    )


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
    if not device.has_trusted_clock or None in message.ts_us:
        return True
    return any(event.ts_us is None for event in message.events)


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
