"""Readings sent over HTTP: each row is judged alone, and none is lost on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api import readings
from api.readings import Row
from parkpulse.errors import InvalidRequestError
from parkpulse.wire import native

GOOD = {"device": "d", "metric": "water_level", "ts": 1_764_000_000_000, "value": 1.5}
ROW = Row("d", "water_level", 1_764_000_000_000, 1.5, None)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"device": None}, "device", "missing"),
        ({"device": "other"}, "device", "unknown_device"),
        ({"device": ["d"]}, "device", "unknown_device"),
        ({"metric": "water_temper"}, "metric", "unknown_metric"),
        ({"metric": 7}, "metric", "unknown_metric"),
        ({"value": "1.5"}, "value", "not_a_number"),
        ({"value": True}, "value", "not_a_number"),
        ({"value": float("nan")}, "value", "not_a_number"),
        ({"value": 10**400}, "value", "not_a_number"),
        ({"ts": "2026-03-01T00:00:00"}, "ts", "not_a_time"),
        ({"ts": -1}, "ts", "not_a_time"),
        ({"ts": 1e300}, "ts", "not_a_time"),
        ({"ts": True}, "ts", "not_a_time"),
        ({"ts": [1]}, "ts", "not_a_time"),
        ({"unit": "kWh"}, "unit", "unknown_unit"),
        ({"unit": {}}, "unit", "unknown_unit"),
        ({"colour": "red"}, "colour", "unknown_parameter"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_of_it(
    changes: dict[str, Any], field: str, code: str
) -> None:
    found = readings.check([GOOD, GOOD | changes, GOOD], {"d"})
    assert found.rows == [ROW, ROW]
    assert found.errors == [(1, field, code)]


@pytest.mark.parametrize("row", [None, 7, "text", []])
def test_what_is_no_row(row: object) -> None:
    assert readings.check([row], {"d"}).errors == [(0, "", "wrong_type")]


def test_lines_that_are_no_json_do_not_hold_up_the_others() -> None:
    body = json.dumps(GOOD).encode() + b'\n\n{"device": \n\xff\n'
    assert readings.read(body, by_line=True) == [GOOD, None, None]


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'{"readings": 7}', b"[" * 9000])
def test_bodies_of_no_use(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        readings.read(body, by_line=False)


def test_there_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "MOST_ROWS", 2)
    body = json.dumps({"readings": [GOOD] * 3}).encode()
    with pytest.raises(InvalidRequestError) as refused:
        readings.read(body, by_line=False)
    assert refused.value.code == "too_many_rows"


def test_no_more_is_read_than_may_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "MOST_ROWS", 2)
    read: list[bytes] = []
    monkeypatch.setattr(readings, "_line", read.append)
    with pytest.raises(InvalidRequestError) as refused:
        readings.read(b"7\n" * 100_000, by_line=True)
    assert refused.value.code == "too_many_rows"
    assert len(read) == 3
    # Lines mean nothing where the whole is one document.
    with pytest.raises(InvalidRequestError):
        readings.read(b"7\n" * 100_000, by_line=False)
    assert len(read) == 4


def test_messages_are_those_of_devices() -> None:
    """Whatever is sent is read from the messages again, and none is too long."""
    rows = [
        Row(f"d{n % 2}", "active_energy_import", 1_764_000_000_000 + n, 1 / (n + 3), u)
        for n in range(3500)
        for u in (None, "Wh")
    ]
    sent = list(readings.messages("harbour", rows))
    assert {topic for topic, _ in sent} == {
        f"parkpulse/v1/harbour/d{n}/telemetry" for n in range(2)
    }
    back = []
    for topic, payload in sent:
        message = native.decode(payload)
        assert not message.refused
        for metric, ts, value in zip(
            message.metrics, message.ts_us, message.values, strict=True
        ):
            assert ts is not None
            unit = message.units.get(metric)
            back.append(Row(topic.split("/")[3], metric, ts // 1000, value, unit))
    key = str
    assert sorted(back, key=key) == sorted(rows, key=key)
