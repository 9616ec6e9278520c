"""Topics of devices: which park, which device, which format."""

from __future__ import annotations

import re
from typing import NamedTuple

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.wire import commands, formats

ROOT = "parkpulse/v1"
FILTER = f"{ROOT}/#"
"""Everything that devices publish."""
NATIVE = "native"
UNKNOWN = "unknown"
"""Format of what fits none."""
NO_PARK = "?"
"""Stands for the park in the source of what names no registered one."""

_PREFIX = ["parkpulse", "v1"]
_SPARKPLUG = "spBv1.0/"
_COMMANDS = (["NCMD"], ["DCMD"])
_PUSH = f"{ROOT}/push/"
_CODE = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_DEVICE_LEVELS = 5
_RAW_LEVELS = 6


class Address(NamedTuple):
    """What a device's topic says."""

    park: str
    device: str
    format: str


def is_ours(topic: str) -> bool:
    """Whether no device publishes on this topic: commands, states of hosts."""
    if topic.startswith(_SPARKPLUG):
        levels = topic.split("/")
        return levels[1] == "STATE" or levels[2:3] in _COMMANDS
    return topic.endswith("/down") and topic.count("/") == _DEVICE_LEVELS - 1


def parse(topic: str) -> Address:
    """Take a topic apart.

    Raises
    ------
    DecodeError
        `bad_topic`: it does not follow the scheme; `unknown_format`: it does, but
        nobody here reads that format.
    """
    levels = topic.split("/")
    if len(levels) < _DEVICE_LEVELS or levels[:2] != _PREFIX:
        raise _bad_topic(topic, "expected parkpulse/v1/{park}/{device}/telemetry")
    for level in levels[2:]:
        if not _CODE.fullmatch(level):
            raise _bad_topic(topic, f"level {level!r:.80} is not {_CODE.pattern}")
    if len(levels) == _DEVICE_LEVELS and levels[4] == "telemetry":
        return Address(levels[2], levels[3], NATIVE)
    if len(levels) == _RAW_LEVELS and levels[4] == "raw":
        return Address(levels[2], levels[3], formats.find(levels[5]).name)
    if levels[4:] == ["down", "ack"]:
        return Address(levels[2], levels[3], commands.ACK)
    raise _bad_topic(topic, "expected parkpulse/v1/{park}/{device}/telemetry")


def pushed(topic: str) -> tuple[str, str] | None:
    """Name platform and account of a topic on which pushed messages come.

    Raises
    ------
    DecodeError
        `bad_topic` or `unknown_format`.
    """
    if not topic.startswith(_PUSH):
        return None
    platform, _, account = topic.removeprefix(_PUSH).partition("/")
    if not _CODE.fullmatch(account):
        raise _bad_topic(topic, "expected parkpulse/v1/push/{platform}/{account}")
    return formats.find(platform).name, account


def down(address: Address, topic: str) -> str | None:
    """Topic on which the sender of a message is told something, if there is one."""
    if not topic.startswith(f"{ROOT}/") or not address.device:
        return None
    return f"{ROOT}/{address.park}/{address.device}/down"


def is_code(text: str) -> bool:
    """Whether a device may be called so."""
    return _CODE.fullmatch(text) is not None


def _bad_topic(topic: str, why: str) -> DecodeError:
    return DecodeError(reasons.BAD_TOPIC, f"{topic!r:.200}: {why}")
