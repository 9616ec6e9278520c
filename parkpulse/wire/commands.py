"""Commands to local controllers and their answers, `…/down` and `…/down/ack`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args
from uuid import UUID

import msgspec

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Event, Message, Telegram
from parkpulse.wire import documents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from parkpulse.wire.context import Context

ACK = "command_ack"
"""Format of an answer, and kind of the event that it becomes."""
Result = Literal["confirmed", "refused"]
_LONGEST_REASON = 200
_WRONG_ID = "id must be the id of the command"
_WRONG_RESULT = "result must be confirmed or refused"
_WRONG_REASON = "reason must be a text"


def topic(park: str, device: str) -> str:
    """Topic on which a device is told something."""
    return f"parkpulse/v1/{park}/{device}/down"


def encode(
    command_id: UUID, name: str, arguments: Mapping[str, Any], expires_at: datetime
) -> bytes:
    """Write a command; the same id is the same command, however often it comes."""
    return msgspec.json.encode(
        {
            "id": str(command_id),
            "command": name,
            "arguments": dict(arguments),
            "expires_at": expires_at,
        }
    )


def answer(command_id: str, result: Result, reason: str = "") -> bytes:
    """Write a controller's answer."""
    document = {"id": command_id, "result": result, "reason": reason}
    return msgspec.json.encode(document)


class AckDecoder:
    """Reads answers: `{"id", "result": "confirmed|refused", "reason"}`."""

    def decode(self, payload: bytes, context: Context) -> Telegram:
        """Read an answer as an event of its device.

        Raises
        ------
        DecodeError
            As `documents.read`; `wrong_type`: no such id, result or reason.
        """
        del context
        found = documents.mapping(documents.read(payload), "the answer")
        detail = {
            "id": _id(found.get("id")),
            "result": _result(found.get("result")),
            "reason": _reason(found.get("reason")),
        }
        event = Event(ACK, None, detail)
        return Telegram([Message([], [], [], events=[event])])


def _id(value: object) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError as error:
        raise _wrong(_WRONG_ID, value) from error


def _result(value: object) -> str:
    if value not in get_args(Result):
        raise _wrong(_WRONG_RESULT, value)
    return str(value)


def _reason(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise _wrong(_WRONG_REASON, value)
    printable = "".join(each if each.isprintable() else " " for each in value or "")
    return printable.strip()[:_LONGEST_REASON]


def _wrong(rule: str, value: object) -> DecodeError:
    return DecodeError(reasons.WRONG_TYPE, f"{rule}, not {documents.shown(value)}")
