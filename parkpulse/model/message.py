"""What a device said in one message, whatever the format it came in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

GOOD = 1
NOT_EVALUATED = 2
SUSPECT = 3
FAIL = 4
MISSING = 9
"""Quality in QARTOD's flags."""


class Refusal(NamedTuple):
    """A value that is not stored while the rest of its message is."""

    reason: str
    """Code of the reason, as the quarantine lists it: `unknown_metric`."""
    detail: str
    """Which value and why, for the person who looks at the quarantine."""


class Event(NamedTuple):
    """What a device said that is no number: a text, a picture, a parameter."""

    kind: str
    """Sort of event, in the words of its format: `text`, `picture`, `pump_control`."""
    ts_us: int | None
    """Observed time [us since 1970 UTC]; None: the message does not say."""
    detail: dict[str, Any]
    """What can be read of it; JSON."""
    body: bytes = b""
    """What is kept raw."""


@dataclass(slots=True)
class Message:
    """What a message says of one device, as parallel lists in the order as sent.

    Parameters
    ----------
    metrics
        Name of the metric of each value; it may be one that nobody knows.
    values
        Values as sent, each in the unit that `units` names or the metric's own; finite,
        but NaN where `quality` says that it is missing.
    ts_us
        Observed time of each value [us since 1970 UTC]; None: the message does not say.
    seq
        The device's own number of the message.
    sent_us
        When the message was sent, by the sender's clock [us since 1970 UTC].
    units
        Units of metrics that were not sent in their own unit.
    refused
        Values that cannot be read.
    device
        Device that the message itself names; None: the topic tells.
    sources
        Name of each value in the original message; empty: the metrics' names.
    quality
        QARTOD flag of each value; empty: all good.
    events
        What is no number.
    """

    metrics: list[str]
    values: list[float]
    ts_us: list[int | None]
    seq: int | None = None
    sent_us: int | None = None
    units: dict[str, str] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    device: str | None = None
    sources: list[str] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class Telegram:
    """What one arrival of any format says.

    Parameters
    ----------
    messages
        One for each device that it speaks of; none where it only says something of
        itself, or while the rest of it is awaited.
    about
        What the format says of itself, as JSON: station, function, status, parameters.
    awaits
        The rest of it must come before it can be read: a fragment of a longer message.
    reply
        What is sent back to the device after the commit; empty: nothing.
    wants_birth
        Sparkplug: the edge node must be asked to send its births again.
    """

    messages: list[Message] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    awaits: bool = False
    reply: bytes = b""
    wants_birth: bool = False
