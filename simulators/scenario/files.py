"""A scenario's messages, park and truth as files."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from simulators.scenario import truth

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulators.scenario.park import Park

_ENCODER = msgspec.json.Encoder()


def write(park: Park, folder: Path, show: Callable[[int], None]) -> int:
    """Write `messages.jsonl`, `truth.json` and `park.json`; return how many messages.

    Parameters
    ----------
    park
        Whose they are.
    folder
        Is made if it is not there.
    show
        Gets how many messages are written.

    Notes
    -----
    A line is `{"topic", "sent", "payload"}`: `sent` is when the message reaches the
    broker [ms since 1970 UTC]; `payload_base64` stands for a payload that is no UTF-8.
    """
    folder.mkdir(parents=True, exist_ok=True)
    truth.write(park, folder / "truth.json")
    spec = msgspec.json.format(_ENCODER.encode(park.spec()), indent=1)
    (folder / "park.json").write_bytes(spec + b"\n")
    count = 0
    with (folder / "messages.jsonl").open("wb") as file:
        for block in park.blocks():
            at_ms = block.at_ms.tolist()
            file.writelines(map(line, block.topics, at_ms, block.payloads))
            count += len(at_ms)
            show(count)
    return count


def line(topic: str, at_ms: int, payload: bytes) -> bytes:
    """Write a message as a line of JSON."""
    try:
        content = {"payload": payload.decode()}
    except UnicodeDecodeError:
        content = {"payload_base64": base64.b64encode(payload).decode()}
    return _ENCODER.encode({"topic": topic, "sent": at_ms, **content}) + b"\n"
