"""The formats that a message may come in, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Telegram
from parkpulse.wire import native
from parkpulse.wire.context import Context, Decoder

__all__ = ["FORMATS", "Context", "Decoder", "Format", "find"]

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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


def find(name: str) -> Format:
    """Find a format by name.

    Raises
    ------
    DecodeError
        `unknown_format`.
    """
    found = FORMATS.get(name)
    if found is None:
        raise DecodeError(reasons.UNKNOWN_FORMAT, f"nobody reads {name!r:.80}")
    return found
