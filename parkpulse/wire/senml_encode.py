"""Writes SenML packs as devices do, in JSON and CBOR, with base name and base time."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import cbor2

from parkpulse.model import instants
from parkpulse.wire import senml_pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.message import Message
    from parkpulse.wire.senml_pack import Record

_KEYS = {name: key for key, name in senml_pack.LABELS.items()}


def records(message: Message, base: str) -> list[Record]:
    """Make the records of a message: base name and base time with the first.

    Parameters
    ----------
    message
        Finite values; their units must be SenML's (`Message.units`) or none.
    base
        Base name, with its separator: `urn:dev:mac:0024befffe804ff1:`.
    """
    times = [each for each in message.ts_us if each is not None]
    base_us = min(times, default=None)
    found: list[Record] = []
    for metric, value, at in zip(
        message.metrics, message.values, message.ts_us, strict=True
    ):
        record: Record = {"n": metric, "v": value}
        if metric in message.units:
            record["u"] = message.units[metric]
        if at is not None and base_us is not None and at != base_us:
            record["t"] = (at - base_us) / instants.SECOND
        found.append(record)
    if found:
        found[0] = _bases(base, base_us) | found[0]
    return found


def _bases(base: str, base_us: int | None) -> Record:
    if base_us is None:
        return {"bn": base}
    return {"bn": base, "bt": base_us / instants.SECOND}


def to_json(pack: Sequence[Record]) -> bytes:
    """Write a pack as JSON; `vd` is given as bytes.

    Raises
    ------
    ValueError
        A number is not finite.
    """
    written = [
        {
            label: _base64url(value) if isinstance(value, bytes) else value
            for label, value in record.items()
        }
        for record in pack
    ]
    return json.dumps(written, separators=(",", ":"), allow_nan=False).encode()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def to_cbor(pack: Sequence[Record]) -> bytes:
    """Write a pack as CBOR."""
    written: list[dict[Any, Any]] = [
        {_KEYS.get(label, label): value for label, value in record.items()}
        for record in pack
    ]
    return cbor2.dumps(written)
