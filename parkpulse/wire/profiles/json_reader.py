"""JSON messages by a profile: one JMESPath a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jmespath

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Event, Message
from parkpulse.wire import documents
from parkpulse.wire.profiles.taking import DeviceTopics, Given, moment, take

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult

    from parkpulse.wire.profiles.schema import JsonProfile, JsonTime, JsonValue

_MAXIMUM_PARTS = 2000
# Every path is looked for in every part, of which there may be none but empty ones.


class JsonReader:
    """Reads JSON messages; the expressions are compiled once."""

    def __init__(self, profile: JsonProfile) -> None:
        self._profile = profile
        self._topics = DeviceTopics(profile.topics)
        self._compiled: dict[str, ParsedResult] = {}

    def read(self, payload: bytes, given: Given) -> list[Message]:
        """Read a payload; raises DecodeError."""
        return self.read_document(documents.read(payload), given)

    def read_document(self, document: object, given: Given) -> list[Message]:
        """Read a message that has been read as JSON; raises DecodeError."""
        parts = [document]
        if self._profile.each is not None:
            found = self._find(self._profile.each, document)
            parts = found if isinstance(found, list) else [found]
        if len(parts) > _MAXIMUM_PARTS:
            detail = f"{len(parts)} parts, at most {_MAXIMUM_PARTS} are read"
            raise DecodeError(reasons.TOO_LARGE, detail)
        by_device: dict[str | None, Message] = {}
        for part in parts:
            self._read_part(part, given, by_device)
        messages = [each for each in by_device.values() if _says_something(each)]
        if not messages:
            detail = "none of the profile's values is in the message"
            raise DecodeError(reasons.NO_VALUES, detail)
        if sum(len(each.values) for each in messages) > documents.MAXIMUM_VALUES:
            detail = f"more than {documents.MAXIMUM_VALUES} values"
            raise DecodeError(reasons.TOO_LARGE, detail)
        return messages

    def _find(self, path: str, document: object) -> Any:  # noqa: ANN401 - any JSON
        compiled = self._compiled.get(path)
        if compiled is None:
            compiled = self._compiled[path] = jmespath.compile(path)
        try:
            return compiled.search(document)
        except Exception as error:  # its functions raise whatever Python's own do
            reason = str(error).partition("\n")[0]
            raise DecodeError(reasons.WRONG_TYPE, f"{path}: {reason}") from error

    def _read_part(
        self, part: object, given: Given, by_device: dict[str | None, Message]
    ) -> None:
        device = self._device(part, given)
        at = self._time(self._profile.time, part)
        at = given.at_us if at is None else at
        for rule in self._profile.values:
            path, found = self._first(rule, part)
            if not isinstance(found, list):
                if found is not None:
                    take(_of(by_device, device), rule, found, at, path)
                continue
            for n, each in enumerate(found, 1):
                message = _of(by_device, _channel(device, str(n)))
                take(message, rule, each, at, path)
        for event in self._profile.events:
            text = self._find(event.path, part)
            if text is not None:
                own = self._time(event.time, part)
                made = Event(event.kind, at if own is None else own, {event.path: text})
                _of(by_device, device).events.append(made)

    def _first(self, rule: JsonValue, part: object) -> tuple[str, Any]:
        for path in rule.paths():
            found = self._find(path, part)
            if found is not None:
                return path, found
        return "", None

    def _device(self, part: object, given: Given) -> str | None:
        named = self._profile.device and self._find(self._profile.device, part)
        device = self._topics.device(named, given)
        number = self._profile.channel and self._find(self._profile.channel, part)
        channel = documents.text(number)
        return device if channel is None else _channel(device, channel)

    def _time(self, rule: JsonTime | None, part: object) -> int | None:
        sent = rule and self._find(rule.path, part)
        if rule is None or sent is None:
            return None
        return moment(sent, rule.format, rule.zone, rule.path)


def _of(by_device: dict[str | None, Message], device: str | None) -> Message:
    return by_device.setdefault(device, Message([], [], [], device=device))


def _channel(device: str | None, channel: str) -> str:
    return f"{device or 'channel'}:{channel}"


def _says_something(message: Message) -> bool:
    return bool(message.values or message.events or message.refused)
