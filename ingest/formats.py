"""From a topic and a payload to what the message says, whatever its format."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from ingest import topics
from parkpulse.errors import DecodeError
from parkpulse.model import message as quality
from parkpulse.model import reasons
from parkpulse.model.message import Event, Message, Telegram
from parkpulse.wire import formats
from parkpulse.wire.formats import Context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.arrivals import Arrival
    from ingest.topics import Address
    from parkpulse.model.directory import Directory
    from parkpulse.wire.formats import Decoder

NOTICE = "notice"
"""Kind of event of a message that says nothing but that its device is there."""

TEST = "test_report"
"""Kind of event of a message that says of itself that it is a test."""


class Location(NamedTuple):
    """Where a topic leads."""

    address: Address
    """Its device is empty where the message itself names it."""
    options: Mapping[str, str]


@runtime_checkable
class Remembering(Protocol):
    """A decoder whose state outlives a process."""

    def state(self) -> bytes:
        """Put what it remembers into bytes."""

    def restore(self, state: bytes) -> None:
        """Take up what it remembered."""


def locate(topic: str, directory: Directory) -> Location:
    """Tell the park, device and format of a topic.

    Raises
    ------
    DecodeError
        `bad_topic`, `unknown_format`, or `unknown_account`.
    """
    route = directory.routes.find(topic)
    if route is not None:
        device = directory.routes.device(route, topic) or ""
        address = topics.Address(route.park, device, formats.find(route.format).name)
        return Location(address, route.options)
    pushed = topics.pushed(topic)
    if pushed is not None:
        account = directory.accounts.get(pushed)
        if account is None:
            raise DecodeError(reasons.UNKNOWN_ACCOUNT, f"no account {pushed[1]!r:.80}")
        address = topics.Address(account.park, "", pushed[0])
        return Location(address, account.options)
    address = topics.parse(topic)
    device_entry = directory.device(address.park, address.device)
    return Location(address, device_entry.options if device_entry else {})


class Reader:
    """Reads messages of all formats but the native one.

    A message is read once, however often its batch is tried: a decoder with state would
    take the second reading for a repetition.
    """

    def __init__(self) -> None:
        self._decoders: dict[str, Decoder] = {}
        self._told: dict[int, Telegram | DecodeError] = {}

    def restore(self, states: Mapping[str, bytes]) -> None:
        """Take up what decoders remembered, by format."""
        for name, state in states.items():
            decoder = self._decoder(name)
            if isinstance(decoder, Remembering):
                with contextlib.suppress(DecodeError):  # of another version: begin anew
                    decoder.restore(state)

    def states(self) -> dict[str, bytes]:
        """Collect what decoders remember, by format."""
        return {
            name: decoder.state()
            for name, decoder in self._decoders.items()
            if isinstance(decoder, Remembering)
        }

    def forget(self, number: int) -> None:
        """Let go of messages up to this number: they are committed."""
        self._told = {key: told for key, told in self._told.items() if key > number}

    def read(self, arrival: Arrival, location: Location) -> Telegram:
        """Read a message.

        Raises
        ------
        DecodeError
            It cannot be read.
        """
        told = self._told.get(arrival.number)
        if told is None:
            told = self._read(arrival, location)
            if isinstance(self._decoder(location.address.format), Remembering):
                self._told[arrival.number] = told
        if isinstance(told, DecodeError):
            raise told
        return told

    def _read(self, arrival: Arrival, location: Location) -> Telegram | DecodeError:
        context = Context(arrival.topic, arrival.received_us, location.options)
        try:
            decoder = self._decoder(location.address.format)
            return decoder.decode(arrival.payload, context)
        except DecodeError as error:
            return error

    def _decoder(self, name: str) -> Decoder:
        """Return the decoder that lives as long as we do, if it remembers anything.

        Parts of messages are put together from what is stored, not from what a decoder
        remembers.
        """
        kept = self._decoders.get(name)
        if kept is not None:
            return kept
        made = formats.find(name).make()
        if isinstance(made, Remembering) or not formats.find(name).has_state:
            self._decoders[name] = made
        return made


def fresh(name: str) -> Decoder:
    """Make a decoder that remembers nothing yet."""
    return formats.find(name).make()


def messages(telegram: Telegram, location: Location) -> list[Message]:
    """Tell what a message says of each device; missing values are left out.

    Raises
    ------
    DecodeError
        `bad_device`: neither topic nor message name a device.
    """
    if telegram.about.get("is_test"):
        found = [_as_test(each, telegram) for each in telegram.messages]
    else:
        found = [_present(each) for each in telegram.messages]
    found = found or [Message([], [], [])]
    named = location.address.device
    for each in found:
        if named and (each.device is None or _is_whole(each.device, named, found)):
            each.device = named
        if not (each.values or each.refused or each.events):
            each.events = [Event(NOTICE, None, telegram.about)]
        if each.device is None or not topics.is_code(each.device):
            detail = f"no device can be called {each.device!r:.80}"
            raise DecodeError(reasons.BAD_DEVICE, detail)
    return found


def _is_whole(device: str, named: str, found: list[Message]) -> bool:
    """Whether the only device of a message is the topic's, not a channel of it."""
    return len(found) == 1 and not device.startswith(f"{named}:")


def _as_test(told: Message, telegram: Telegram) -> Message:
    """Keep a test report as an event: its values are not those of the site."""
    values = dict(zip(told.sources or told.metrics, told.values, strict=False))
    event = Event(TEST, told.sent_us, {**telegram.about, "values": values})
    return Message(
        [], [], [], told.seq, told.sent_us, device=told.device, events=[event]
    )


def _present(told: Message) -> Message:
    """Leave out values that the message itself calls missing."""
    if quality.MISSING not in told.quality:
        return told
    kept = [
        index
        for index, flag in enumerate(told.quality)
        if flag != quality.MISSING and not math.isnan(told.values[index])
    ]
    return Message(
        metrics=[told.metrics[index] for index in kept],
        values=[told.values[index] for index in kept],
        ts_us=[told.ts_us[index] for index in kept],
        seq=told.seq,
        sent_us=told.sent_us,
        units=told.units,
        refused=told.refused,
        device=told.device,
        quality=[told.quality[index] for index in kept],
        events=told.events,
    )
