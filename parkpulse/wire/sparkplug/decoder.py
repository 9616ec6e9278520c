"""Decodes Sparkplug B message by message, keeping what births have said."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import msgspec
from google.protobuf.message import DecodeError as ProtobufError

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Event, Message, Telegram
from parkpulse.wire import documents
from parkpulse.wire.sparkplug import metrics, names
from parkpulse.wire.sparkplug.sparkplug_b_pb2 import Payload
from parkpulse.wire.sparkplug.state import Device, Node, State

if TYPE_CHECKING:
    from parkpulse.wire.context import Context
    from parkpulse.wire.sparkplug.names import Place

STALE = "stale"
"""Kind of event of a device whose values are no longer up to date."""
_LARGEST_SEQ = 255
_READ = msgspec.json.Decoder(State)
_WRITE = msgspec.json.Encoder()


class Decoder:
    """Reads messages of any number of edge nodes."""

    def __init__(self) -> None:
        self._state = State()

    def state(self) -> bytes:
        """Put what is remembered into bytes; JSON."""
        return _WRITE.encode(self._state)

    def restore(self, state: bytes) -> None:
        """Take up what was remembered.

        Raises
        ------
        DecodeError
            `wrong_type`: this is no state.
        """
        try:
            self._state = _READ.decode(state)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DecodeError(reasons.WRONG_TYPE, str(error)) from error

    def decode(self, payload: bytes, context: Context) -> Telegram:
        """Read a message; the topic says whose and of what kind.

        Raises
        ------
        DecodeError
            `bad_topic`, `too_large`, `not_protobuf`, `bad_seq`, `bad_time`, `bad_name`.
        """
        place = names.parse(context.topic)
        if len(payload) > documents.MAXIMUM_BYTES:
            detail = f"{len(payload)} bytes, at most {documents.MAXIMUM_BYTES} are read"
            raise DecodeError(reasons.TOO_LARGE, detail)
        if place.kind == names.STATE:
            return Telegram(about=_host(payload, place))
        told = _parse(payload)
        reading = _Reading(place, told, context.received_us)
        if place.kind.endswith("CMD"):
            reading.command()
            return reading.telegram
        node = self._state.node(place.group, place.node)
        if place.kind.endswith("DEATH") and place.device is None:
            reading.node_death(node)
        else:
            reading.counted(node, zlib.crc32(payload))
        return reading.telegram


def _host(payload: bytes, place: Place) -> dict[str, Any]:
    """Read the state of a host application: JSON, or a word in version 2.2."""
    about = {"type": place.kind, "host": place.node}
    word = payload.strip().upper()
    if word in {b"ONLINE", b"OFFLINE"}:
        return about | {"online": word == b"ONLINE"}
    told = documents.mapping(documents.read(payload), "the state")
    if not isinstance(told.get("online"), bool):
        raise DecodeError(reasons.WRONG_TYPE, "online must be true or false")
    return about | {"online": told["online"], "timestamp": told.get("timestamp")}


def _parse(payload: bytes) -> Payload:
    try:
        told = Payload.FromString(payload)
    except ProtobufError as error:
        raise DecodeError(reasons.NOT_PROTOBUF, str(error)) from error
    if len(told.metrics) > documents.MAXIMUM_VALUES:
        most = documents.MAXIMUM_VALUES
        detail = f"{len(told.metrics)} metrics, at most {most} are read"
        raise DecodeError(reasons.TOO_LARGE, detail)
    # What is not UTF-8 comes out of protobuf 2 as bytes, whatever its types say.
    if not all(isinstance(metric.name, str) for metric in told.metrics):
        raise DecodeError(reasons.NOT_UTF8, "the name of a metric is not UTF-8")
    if told.HasField("seq") and told.seq > _LARGEST_SEQ:
        raise DecodeError(reasons.BAD_SEQ, f"seq {told.seq} is over {_LARGEST_SEQ}")
    return told


class _Reading:
    """Reads one message, knowing its edge node."""

    def __init__(self, place: Place, told: Payload, received_us: int) -> None:
        self._place = place
        self._told = told
        self._received_us = received_us
        self._seq = told.seq if told.HasField("seq") else None
        self._bd_seq = _bd_seq(told)
        self._sent_us: int | None = None
        if told.HasField("timestamp"):
            self._sent_us = metrics.moment_us(told.timestamp)
        self._about: dict[str, Any] = {
            "type": place.kind,
            "group": place.group,
            "edge_node": place.node,
            "device": place.device,
            "seq": self._seq,
            "bdSeq": self._bd_seq,
            "timestamp": told.timestamp if told.HasField("timestamp") else None,
        }
        self.telegram = Telegram(about=self._about)

    def command(self) -> None:
        """Say what somebody asks of a node; nothing is stored."""
        device = Device()
        self._take(device)
        (message,) = self.telegram.messages
        self._about["metrics"] = dict(zip(message.sources, message.values, strict=True))
        self.telegram.messages = []

    def node_death(self, node: Node) -> None:
        """All values are stale, unless the Will is that of an earlier connection."""
        is_ours = node.bd_seq is None or node.bd_seq == self._bd_seq
        if node.is_born and not is_ours:
            self._about["ignored"] = "stale_will"
            self._message()
            return
        node.is_born = False
        self._stale(None, None)
        for name, device in node.devices.items():
            if name:
                device.is_alive = False
                self._stale(name, None)

    def counted(self, node: Node, digest: int) -> None:
        """Read a message that has its number in the node's row."""
        is_known = node.is_born and node.is_repeated(self._seq, digest)
        if is_known:
            self._about["repeated"] = True
        wants = self._read(node, is_known=is_known)
        if self._seq is not None and not is_known:
            wants |= node.count(self._seq, digest, self._received_us)
            if node.missing:
                self._about["missing_seq"] = list(node.missing)
        self.telegram.wants_birth = wants and node.ask(self._received_us)

    def _read(self, node: Node, *, is_known: bool) -> bool:
        """Read it; return whether a birth is wanted."""
        kind = self._place.kind
        if kind.endswith("BIRTH"):
            return self._birth(node, is_known=is_known)
        if kind == "DDEATH":
            return self._device_death(node)
        return self._data(node)

    def _birth(self, node: Node, *, is_known: bool) -> bool:
        name = self._place.device or ""
        device = metrics.definitions(self._told.metrics)
        if not is_known:
            if not name:
                node.born(self._bd_seq, self._seq)
            node.define(name, device)
        self._take(device)
        return not node.is_born

    def _device_death(self, node: Node) -> bool:
        name = self._place.device or ""
        device = node.devices.get(name)
        if device is not None:
            device.is_alive = False
        self._stale(self._place.device, self._sent_us)
        return False

    def _data(self, node: Node) -> bool:
        name = self._place.device or ""
        device = node.devices.get(name) or Device()
        told = [each for each in self._told.metrics if each.name]
        if any(each.alias not in device.aliases for each in told if each.alias):
            # Not as it should be, but it says what its aliases mean all the same.
            device = device.taught(metrics.definitions(told))
            node.define(name, device)
        unknown = self._take(device)
        return unknown or not (node.is_born and device.is_alive)

    def _message(self, device: str | None = None) -> Message:
        code = names.code(self._place.node, device or self._place.device)
        message = Message([], [], [], sent_us=self._sent_us, device=code)
        self.telegram.messages.append(message)
        return message

    def _take(self, device: Device) -> bool:
        """Take the values; return whether an alias is unknown."""
        taking = metrics.Taking(device, self._message(), self._sent_us, self._about)
        taking.take(self._told)
        return bool(taking.unknown)

    def _stale(self, device: str | None, at: int | None) -> None:
        message = self._message(device)
        # The Will of an NDEATH was written when the node connected: its time says
        # nothing of its death.
        message.sent_us = at
        detail = {"edge_node": self._place.node, "device": device}
        message.events.append(Event(STALE, at, detail))
        self._about.setdefault(STALE, []).append(message.device)


def _bd_seq(told: Payload) -> int | None:
    for metric in told.metrics:
        if metric.name == metrics.BD_SEQ:
            return metric.long_value or metric.int_value
    return None


def host_state(*, online: bool, timestamp_ms: int) -> bytes:
    """Write the state of a host application: retained, QoS 1, also as its Will."""
    return json.dumps({"online": online, "timestamp": timestamp_ms}).encode()
