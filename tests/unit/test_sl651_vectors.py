"""Every published and constructed frame of SL 651 is read as its vector says."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from parkpulse.errors import DecodeError
from parkpulse.model import instants
from parkpulse.model.message import MISSING, Telegram
from parkpulse.wire import formats
from parkpulse.wire.context import Context

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "sl651_vectors.jsonl")
    .read_text()
    .splitlines()
]
RIGHT = [vector for vector in VECTORS if vector["crc"]]
WRONG = [vector for vector in VECTORS if not vector["crc"]]
ABOUT = {
    "fc": "function",
    "dir": "direction",
    "centre": "centre",
    "station": "station",
    "pw": "password",
    "serial": "serial",
    "class": "class",
    "text": "text",
    "status": "status",
    "bits": "status_bits",
    "end": "end",
    "elements": "elements",
}


def named(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def decoded(vector: dict[str, Any], **options: str) -> Telegram:
    decoder = formats.find("sl651").make()
    return decoder.decode(bytes.fromhex(vector["hex"]), Context("", 0, options))


def in_china(written: str) -> int:
    local = datetime.strptime(f"20{written}", "%Y-%m-%d %H:%M").replace(
        tzinfo=timezone(timedelta(hours=8))
    )
    return instants.to_us(local)


def column(telegram: Telegram, source: str) -> list[tuple[int | None, float | None]]:
    (message,) = telegram.messages
    rows = zip(message.sources, message.ts_us, message.values, strict=True)
    return [
        (ts_us, None if math.isnan(value) else value)
        for name, ts_us, value in rows
        if name == source
    ]


@pytest.mark.parametrize("vector", RIGHT, ids=named)
def test_what_the_frame_says_of_itself(vector: dict[str, Any]) -> None:
    about = decoded(vector, secrets="show").about
    for key, name in ABOUT.items():
        if key in vector:
            assert about[name] == vector[key], key
    if "send" in vector:
        sent_us = instants.to_us(datetime.fromisoformat(about["sent_at"]))
        day = vector["send"]
        assert sent_us == in_china(day[:-3]) + int(day[-2:]) * instants.SECOND


@pytest.mark.parametrize("vector", RIGHT, ids=named)
def test_values(vector: dict[str, Any]) -> None:
    telegram = decoded(vector)
    for source, value in vector.get("values", {}).items():
        ((ts_us, found),) = column(telegram, source)
        assert found == value
        if "obs" in vector:
            assert ts_us == in_china(vector["obs"])
    for source, rows in vector.get("series", {}).items():
        wanted = [(in_china(at), value) for at, value in rows]
        assert column(telegram, source) == wanted
    for message in telegram.messages:
        missing = [flag == MISSING for flag in message.quality]
        assert missing == [math.isnan(value) for value in message.values]


@pytest.mark.parametrize("vector", WRONG, ids=named)
def test_a_wrong_crc_is_refused_unless_the_station_is_trusted(
    vector: dict[str, Any],
) -> None:
    with pytest.raises(DecodeError, match="bad_crc"):
        decoded(vector)
    telegram = decoded(vector, crc="accept")
    assert telegram.about["crc_valid"] is False
    assert telegram.about["station"]


def vector_of(name: str) -> dict[str, Any]:
    return next(vector for vector in VECTORS if vector["id"] == name)


@pytest.mark.parametrize(
    ("option", "first_minute"),
    [("first", 0), ("start", 5), ("last", -55), ("last_valid", -25)],
)
def test_what_the_time_of_hourly_groups_means_is_an_option(
    option: str, first_minute: int
) -> None:
    vector = vector_of("sl651-hour-vendor-8004040135")
    telegram = decoded(vector, hour_time=option)
    observed_us = in_china(vector["obs"])
    first_us = observed_us + first_minute * instants.MINUTE
    for source in ("DRP", "DRZ1"):
        times = [ts_us for ts_us, _ in column(telegram, source)]
        assert times == [first_us + n * 5 * instants.MINUTE for n in range(12)]
    rain = [value for _, value in column(telegram, "DRP")]
    assert rain == vector["DRP_mm"]
    assert column(telegram, "VT") == [(observed_us, 13.38)]


def test_the_confirmation_is_the_published_one() -> None:
    frame = bytes.fromhex(vector_of("sl651-scheduled")["hex"])
    at = datetime(2017, 7, 18, 3, 0, 17, tzinfo=datetime.now().astimezone().tzinfo)
    received_us = instants.to_us(at.replace(tzinfo=timezone(timedelta(0))))
    decoder = formats.find("sl651").make()
    telegram = decoder.decode(frame, Context("", received_us))
    assert telegram.reply.hex().upper() == vector_of("sl651-confirm-EOT")["hex"]
