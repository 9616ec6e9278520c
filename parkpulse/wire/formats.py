"""The formats that a message may come in, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from parkpulse.model.message import Telegram
from parkpulse.wire import native

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    Parameters
    ----------
    name
        As topics and commands name it.
    make
        Makes a decoder.
    has_state
        Whether a message may need earlier ones to be read.
    """

    name: str
    make: Callable[[], Decoder]
    has_state: bool = False


class _Native:
    def decode(self, payload: bytes, context: Context) -> Telegram:
        del context
        return Telegram([native.decode(payload)])


FORMATS: Mapping[str, Format] = {
    each.name: each for each in (Format("native", _Native),)
}
