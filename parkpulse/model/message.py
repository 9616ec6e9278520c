"""What a device said in one message, whatever the format it came in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Refusal(NamedTuple):
    """A value that is not stored while the rest of its message is."""

    reason: str
    """Code of the reason, as the quarantine lists it: `unknown_metric`."""
    detail: str
    """Which value and why, for the person who looks at the quarantine."""


@dataclass(slots=True)
class Message:
    """Values of a message as parallel lists, in the order in which they were sent.

    Parameters
    ----------
    metrics
        Name of the metric of each value; it may be one that nobody knows.
    values
        Values as sent, finite, each in the unit that `units` names or the metric's own.
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
    """

    metrics: list[str]
    values: list[float]
    ts_us: list[int | None]
    seq: int | None = None
    sent_us: int | None = None
    units: dict[str, str] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
