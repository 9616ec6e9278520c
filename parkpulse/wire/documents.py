"""JSON payloads of foreign formats: bounded, and refused with a reason."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from parkpulse.errors import DecodeError
from parkpulse.model import reasons

MAXIMUM_BYTES = 256 * 1024
"""A larger payload is refused as `too_large`. [B]"""
MAXIMUM_VALUES = 10_000
"""A message with more values is refused as `too_large`."""
_SHOWN = 80


def read(payload: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read a payload as JSON.

    Raises
    ------
    DecodeError
        `too_large`, `not_utf8`, `not_json`, `too_deep`.
    """
    if len(payload) > MAXIMUM_BYTES:
        detail = f"{len(payload)} bytes, at most {MAXIMUM_BYTES} are read"
        raise DecodeError(reasons.TOO_LARGE, detail)
    try:
        payload.decode()
        return msgspec.json.decode(payload)
    except UnicodeDecodeError as error:
        raise DecodeError(reasons.NOT_UTF8, str(error)) from error
    except msgspec.MsgspecError as error:
        raise DecodeError(reasons.NOT_JSON, str(error)) from error
    except RecursionError as error:
        detail = "objects or lists are nested too deeply"
        raise DecodeError(reasons.TOO_DEEP, detail) from error


def mapping(value: object, what: str) -> dict[str, Any]:
    """Require an object; raises DecodeError `wrong_type`."""
    if not isinstance(value, dict):
        detail = f"{what} must be an object, not {shown(value)}"
        raise DecodeError(reasons.WRONG_TYPE, detail)
    return value


def text(value: object) -> str | None:
    """Return a text or number as text; None for what is neither or says nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    found = str(value).strip()
    return None if found in {"", "undefined", "null", "-1"} else found


def number(value: object) -> float | None:
    """Return a number, a truth value or a text that is a number; None for others.

    What is beyond the range of a float is infinite.
    """
    if not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return math.inf
    except ValueError:
        return None
    return found if math.isfinite(found) or not isinstance(value, str) else None


def shown(value: object) -> str:
    """Return a value for an error, shortened."""
    whole = repr(value)
    return whole if len(whole) <= _SHOWN else f"{whole[:_SHOWN]}…"
