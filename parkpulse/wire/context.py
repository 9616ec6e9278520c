"""What decoders are given besides the payload, and what they all offer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parkpulse.model.message import Telegram


@dataclass(frozen=True, slots=True)
class Context:
    """What a decoder may know besides the payload.

    Parameters
    ----------
    topic
        Topic that the message came on; empty if none is known.
    received_us
        When it was received [us since 1970 UTC]; relative times count from here.
    options
        Options of the device or of the topic's rule, by name.
    """

    topic: str = ""
    received_us: int = 0
    options: Mapping[str, str] = field(default_factory=dict)


class Decoder(Protocol):
    """Reads messages of one format one after the other; may keep state in between."""

    def decode(self, payload: bytes, context: Context) -> Telegram:
        """Read a message.

        Raises
        ------
        DecodeError
            It cannot be read.
        """
