"""The decoder of SL 651: one arrival in, what it says and what is answered out."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Message, Refusal, Telegram
from parkpulse.wire.sl651 import body, coding, frame, reply
from parkpulse.wire.sl651.draft import Options
from parkpulse.wire.sl651.frame import Found, Frame, Scan
from parkpulse.wire.sl651.transfers import Transfers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parkpulse.wire.context import Context

MAXIMUM_BYTES = 256 * 1024
"""A longer payload is refused as `too_large`."""


class Decoder:
    """Reads frames, several in one payload too, and joins transfers in packets.

    Options of a device: `crc` = `require` or `accept` (a frame whose CRC is wrong is
    read all the same and says `crc_valid: false`), `hour_time` (draft.Options),
    `level_base_1` to `level_base_8` [m], `confirm` = `eot`, `esc` (the station stays
    online) or `none`.
    """

    def __init__(self) -> None:
        self._transfers = Transfers()

    def decode(self, payload: bytes, context: Context) -> Telegram:
        """Read what arrived.

        Raises
        ------
        DecodeError
            `too_large`, `bad_frame`, `bad_crc`, `bad_option`: nothing can be read.
        """
        payload = _unhexed(payload)
        scan = _scan(payload, context.options)
        options = Options.of(context.options)
        telegrams: list[Telegram] = []
        first: Found | None = None
        read = 0
        for found in scan.found():
            first = first or found
            read += found.stop - found.start
            telegrams.append(self._telegram(found.frame, options, context))
        if first is None:
            raise scan.error or _no_start(payload)
        telegram = telegrams[0] if len(telegrams) == 1 else _joined(telegrams)
        if scan.error is not None or read < len(payload):
            _tell_rest(telegram, first.frame, len(payload) - read, scan.error)
        return telegram

    def _telegram(self, found: Frame, options: Options, context: Context) -> Telegram:
        end = reply.end_of(context.options)
        if found.packet is None or found.is_down:
            return _finished(found, options, context, end)
        state = self._transfers.add(found, context.received_us)
        if state.body is not None:
            whole = replace(found, body=state.body)
            return _finished(whole, options, context, end)
        is_asked = end is not None and found.end == frame.ETX and context.received_us
        return Telegram(
            about=_about_packet(found, state.missing),
            awaits=True,
            reply=_ask(found, state.missing, context) if is_asked else b"",
        )


def split(payload: bytes) -> list[bytes]:
    """Cut a payload into pieces of one frame each; rubbish stays behind its frame."""
    starts = [found.start for found in Scan(payload).found()]
    if len(starts) <= 1:
        return [payload]
    bounds = [0, *starts[1:], len(payload)]
    return [payload[at:following] for at, following in itertools.pairwise(bounds)]


def _scan(payload: bytes, options: Mapping[str, str]) -> Scan:
    if len(payload) > MAXIMUM_BYTES:
        detail = f"{len(payload)} bytes, at most {MAXIMUM_BYTES} are read"
        raise DecodeError(reasons.TOO_LARGE, detail)
    policy = options.get("crc", "require")
    if policy not in {"require", "accept"}:
        detail = f"crc must be require or accept, not {policy!r:.40}"
        raise DecodeError(reasons.BAD_OPTION, detail)
    return Scan(payload, accepts_bad_crc=policy == "accept")


def _unhexed(payload: bytes) -> bytes:
    """Bytes of a frame that a gateway passes on as hexadecimal text."""
    if payload[:5].replace(b" ", b"")[:4].upper() == b"7E7E":
        with contextlib.suppress(ValueError):  # then it is no such text
            return bytes.fromhex(payload.decode("ascii"))
    return payload


def _no_start(payload: bytes) -> DecodeError:
    detail = f"neither 7E7E nor SOH stands in {len(payload)} bytes"
    return DecodeError(reasons.BAD_FRAME, detail)


def _finished(
    found: Frame, options: Options, context: Context, end: int | None
) -> Telegram:
    draft = body.read(found, options)
    if found.packet is not None:
        draft.about["packets"] = {"total": found.packet.total, "missing": 0}
    if found.is_down:
        return Telegram(about=draft.about)
    answer = b""
    if end is not None and reply.is_wanted(found):
        answer = _confirmed(found, draft.serial, context.received_us, end)
    return Telegram(draft.messages, draft.about, reply=answer)


def _confirmed(found: Frame, serial: int, received_us: int, end: int) -> bytes:
    return reply.confirm(found, serial, received_us, end) if received_us else b""


def _ask(found: Frame, missing: int, context: Context) -> bytes:
    return reply.ask_again(found, missing, context.received_us)


def _about_packet(found: Frame, missing: int) -> dict[str, Any]:
    total, number = found.packet or (0, 0)
    return {
        "station": coding.station(found.address),
        "centre": found.centre,
        "function": f"{found.function:02X}",
        "mode": found.mode,
        "packets": {"total": total, "number": number, "missing": missing},
    }


def _joined(telegrams: list[Telegram]) -> Telegram:
    return Telegram(
        [message for each in telegrams for message in each.messages],
        {"frames": [each.about for each in telegrams]},
        awaits=telegrams[-1].awaits,
        reply=b"".join(each.reply for each in telegrams),
    )


def _tell_rest(
    telegram: Telegram, first: Frame, size: int, error: DecodeError | None
) -> None:
    """Say that there was more than could be read; a broken frame is refused."""
    telegram.about["skipped_bytes"] = size
    if error is not None and not telegram.awaits:
        if not telegram.messages:
            station = coding.station(first.address)
            telegram.messages.append(Message([], [], [], device=station))
        telegram.messages[0].refused.append(Refusal(error.reason, error.detail))
