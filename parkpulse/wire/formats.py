"""The formats that a message may come in, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Telegram
from parkpulse.wire import commands, native, profiles, senml
from parkpulse.wire.context import Context, Decoder
from parkpulse.wire.platforms.ctwing import Ctwing
from parkpulse.wire.platforms.iotda import Iotda
from parkpulse.wire.platforms.onenet import Onenet
from parkpulse.wire.sl651 import decoder as sl651
from parkpulse.wire.sparkplug import decoder as sparkplug

__all__ = ["FORMATS", "Context", "Decoder", "Format", "find"]

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _whole(payload: bytes) -> list[bytes]:
    return [payload]


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
    split
        Cuts bytes that hold several messages, as a serial line leaves them.
    """

    name: str
    make: Callable[[], Decoder]
    has_state: bool = False
    split: Callable[[bytes], list[bytes]] = _whole


class _Native:
    def decode(self, payload: bytes, context: Context) -> Telegram:
        del context
        return Telegram([native.decode(payload)])


FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        Format("native", _Native),
        Format("sl651", sl651.Decoder, has_state=True, split=sl651.split),
        Format("senml", senml.Decoder),
        Format("sparkplug", sparkplug.Decoder, has_state=True),
        Format("ctwing", Ctwing),
        Format("onenet", Onenet),
        Format("iotda", Iotda),
        Format(commands.ACK, commands.AckDecoder),
    )
}


def find(name: str) -> Format:
    """Find a format by name; `profile:<name>` is that of a profile.

    Raises
    ------
    DecodeError
        `unknown_format`.
    """
    found = _by_profile(name) or FORMATS.get(name)
    if found is None:
        raise DecodeError(reasons.UNKNOWN_FORMAT, f"nobody reads {name!r:.80}")
    return found


def _by_profile(name: str) -> Format | None:
    kind, _, profile = name.partition(":")
    if kind != "profile" or profile not in profiles.names():
        return None
    return Format(name, lambda: profiles.Named(profile))
