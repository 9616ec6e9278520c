"""Topics of Sparkplug, and the ids that devices get from them."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from parkpulse.errors import DecodeError
from parkpulse.model import reasons

NAMESPACE = "spBv1.0"
STATE = "STATE"
_NODE = ("NBIRTH", "NDATA", "NDEATH", "NCMD")
_DEVICE = ("DBIRTH", "DDATA", "DDEATH", "DCMD")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]", re.ASCII)
_LONGEST = 64
_DIGEST = 8


class Place(NamedTuple):
    """Who speaks in which way; of STATE `node` is the host application."""

    kind: str
    group: str
    node: str
    device: str | None = None

    @property
    def code(self) -> str:
        """Id of the device in our registry."""
        return code(self.node, self.device)


def parse(topic: str) -> Place:
    """Read `spBv1.0/<group>/<kind>/<node>[/<device>]`, `spBv1.0/STATE/<host>`.

    Also `STATE/<host>` of version 2.2, and a namespace behind a bridge's prefix.

    Raises
    ------
    DecodeError
        `bad_topic`.
    """
    levels = topic.split("/")
    if NAMESPACE in levels:
        levels = levels[levels.index(NAMESPACE) + 1 :]
    match levels:
        case ["STATE", host] if host:
            return Place(STATE, "", host)
        case [group, kind, node] if group and node and kind in _NODE:
            return Place(kind, group, node)
        case [group, kind, node, device] if group and node and device:
            if kind in _DEVICE:
                return Place(kind, group, node, device)
    detail = f"{topic!r:.120} is no topic of Sparkplug B"
    raise DecodeError(reasons.BAD_TOPIC, detail)


def code(node: str, device: str | None = None) -> str:
    """Make an id: `node` or `node:device`.

    Characters that an id may not have become `_`; an id that was changed or cut for
    this, or is longer than 64 characters, ends in a digest, so that two stay two.
    """
    parts = [node] if device is None else [node, device]
    safe = ":".join(_UNSAFE.sub("_", part) for part in parts)
    if safe == ":".join(parts) and len(safe) <= _LONGEST and ":" not in "".join(parts):
        return safe
    digest = hashlib.sha256("/".join(parts).encode()).hexdigest()[:_DIGEST]
    return f"{safe[: _LONGEST - _DIGEST - 1]}-{digest}"
