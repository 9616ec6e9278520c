"""Messages in other formats through a worker: values, events, parts, confirmations."""

from __future__ import annotations

import base64
import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import pytest

from ingest import assembly
from ingest.replies import Reply, confirmation
from parkpulse.model import instants
from parkpulse.model.message import Message
from parkpulse.store import fragments, push_accounts
from parkpulse.wire.sl651 import encode
from parkpulse.wire.sl651.encode import Station
from tests.integration import ingesting
from tests.integration.ingesting import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.pipeline import Letter

STATION = Station("12345678")
RAW = "parkpulse/v1/demo/gauge/raw/sl651"


@dataclass
class Told:
    """Keeps what devices would be told."""

    replies: list[Reply] = field(default_factory=list)

    def send(self, letters: Sequence[Letter]) -> None:
        self.replies += [each for each in map(confirmation, letters) if each]

    def ask(self, requests: Sequence[Reply]) -> None:
        self.replies += requests


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def bench(database_url: str, told: Told) -> Iterator[Bench]:
    made = Bench(database_url, replies=told)
    topics = [{"filter": "field/+/up", "format": "sl651", "device_level": 2}]
    made.register(ingesting.park(topics=topics))
    yield made
    made.close()


def _minute(ago: int = 1) -> int:
    now = ingesting.now_us()
    return now - now % instants.MINUTE - ago * instants.MINUTE


def _report(seq: int = 1, level: float = 1.25) -> bytes:
    at = _minute()
    message = Message(["water_level"], [level], [at], seq, at + instants.SECOND)
    return encode.single(STATION, 0x32, encode.report(STATION, message))


def test_a_report_is_stored_and_confirmed_once_it_is(bench: Bench, told: Told) -> None:
    frame = _report()
    bench.receive(frame, on=RAW)
    assert bench.readings() == [("gauge", "water_level", _minute(), 1.25)]
    (reply,) = told.replies
    assert reply.topic == "parkpulse/v1/demo/gauge/down"
    assert reply.payload.startswith(b"\x7e\x7e")
    bench.receive(frame, on=RAW)  # the station did not hear us
    totals = bench.totals("demo")
    assert (totals.stored, totals.duplicate, totals.quarantined) == (1, 1, 0)
    assert len(told.replies) == 2


def test_a_wrong_check_code_is_quarantined_and_not_confirmed(
    bench: Bench, told: Told
) -> None:
    frame = bytearray(_report())
    frame[-1] ^= 1
    bench.receive(bytes(frame), on=RAW)
    (entry,) = bench.quarantine()
    assert (entry.reason, entry.format, told.replies) == ("bad_crc", "sl651", [])


def test_a_foreign_topic_names_the_device(bench: Bench) -> None:
    bench.receive(_report(), on="field/gauge/up")
    bench.receive(_report(2, 1.5), on="field/new/up")
    assert [row[0] for row in bench.readings()] == ["gauge", "new"]
    assert bench.totals("demo").stored == 2
    bench.worker._step(0.0)
    assert bench.receiver.followed == ["field/+/up"]


def test_a_text_is_an_event_and_its_repetition_is_none(bench: Bench) -> None:
    now = ingesting.now_us()
    message = Message([], [], [], 7, now)
    body = encode.text(STATION, message, "水位 1.2")
    frame = encode.single(STATION, 0x35, body)
    bench.receive(frame, frame, on=RAW)
    events = bench.rows(b"select kind, detail from event")
    assert len(events) == 1
    assert "水位 1.2" in str(events[0][1])
    totals = bench.totals("demo")
    assert (totals.stored, totals.duplicate) == (1, 1)
    assert totals.is_balanced


def test_a_heartbeat_is_kept(bench: Bench) -> None:
    message = Message([], [], [], 7, ingesting.now_us())
    frame = encode.single(STATION, 0x2F, encode.heartbeat(STATION, message))
    bench.receive(frame, on="parkpulse/v1/demo/unheard/raw/sl651")
    assert bench.totals("demo").stored == 1
    assert bench.rows(b"select count(*) from event") == [(1,)]


def _picture(size: int = 100) -> list[bytes]:
    jpeg = bytes(range(256)) * 2
    message = Message([], [], [], 9, ingesting.now_us())
    body = encode.picture(STATION, message, _minute(), jpeg)
    return encode.packets(STATION, 0x36, body, size)


@pytest.mark.parametrize("order", [1, -1])
def test_a_picture_in_parts(bench: Bench, told: Told, order: int) -> None:
    parts = _picture()[::order]
    for part in parts[:-1]:
        bench.receive(part, on=RAW)
    assert bench.rows(b"select count(*) from event") == [(0,)]
    bench.receive(parts[-1], on=RAW)
    ((body,),) = bench.rows(b"select body from event where kind = 'picture'")
    assert bytes(body) == bytes(range(256)) * 2
    assert bench.rows(b"select count(*) from fragment") == [(0,)]
    totals = bench.totals("demo")
    assert (totals.received, totals.stored) == (len(parts), len(parts))
    assert totals.is_balanced
    assert told.replies[-1].topic == "parkpulse/v1/demo/gauge/down"


def test_parts_survive_another_process(bench: Bench, database_url: str) -> None:
    first, *rest = _picture()
    bench.receive(first, on=RAW)
    other = Bench(database_url, name="ingest-2")
    other.receive(*rest, on=RAW)
    assert bench.rows(b"select count(*) from event") == [(1,)]
    assert bench.totals("demo").is_balanced
    other.close()


def test_the_same_picture_again_is_a_duplicate(bench: Bench) -> None:
    parts = _picture()
    bench.receive(*parts, on=RAW)
    bench.receive(*parts, on=RAW)
    totals = bench.totals("demo")
    assert (totals.stored, totals.duplicate) == (len(parts), len(parts))
    assert totals.is_balanced


def test_parts_whose_others_never_come_are_quarantined(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.receive(*_picture()[1:], on=RAW)
    count = len(_picture()) - 1
    assert bench.totals("demo").stored == count
    later = time.time_ns() + 11 * 60 * 1_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: later)
    assembly.assemble(bench.database, bench.registrar, "ingest-1", 10**15)
    totals = bench.totals("demo")
    assert (totals.stored, totals.quarantined) == (0, count)
    assert totals.is_balanced
    assert {entry.reason for entry in bench.quarantine()} == {"incomplete"}
    with bench.database.transaction() as conn:
        assert fragments.devices(conn) == []


def test_several_frames_in_one_message(bench: Bench) -> None:
    at = _minute()
    frames = [
        encode.single(
            STATION,
            0x32,
            encode.report(
                STATION,
                Message(
                    ["water_level"],
                    [float(n)],
                    [at - n * instants.MINUTE],
                    n,
                    at,
                ),
            ),
        )
        for n in (1, 2)
    ]
    bench.receive(b"".join(frames), on=RAW)
    assert [row[3] for row in bench.readings()] == [2.0, 1.0]


def _pushed(payload: object) -> bytes:
    return msgspec.json.encode(payload)


def test_a_message_that_speaks_of_several_devices(bench: Bench) -> None:
    services = [{"service_id": "level", "properties": {"water_level": 1.5, "mana": 3}}]
    body = {
        "resource": "device.property",
        "event": "report",
        "event_time_ms": "2026-11-22T10:00:00.000Z",
        "notify_data": {
            "header": {"device_id": "gauge", "node_id": "861"},
            "body": {"services": services},
        },
    }
    bench.receive(_pushed(body), on="parkpulse/v1/demo/gauge/raw/iotda")
    assert [row[3] for row in bench.readings()] == [1.5]
    (entry,) = bench.quarantine()
    assert (entry.reason, entry.is_whole) == ("unknown_metric", False)
    totals = bench.totals("demo")
    assert (totals.stored, totals.values_refused) == (1, 1)


def test_a_pushed_message_goes_to_the_park_of_its_account(bench: Bench) -> None:
    with bench.database.transaction() as conn:
        options = {"device_id": "imei"}
        push_accounts.add(conn, "ctwing", "acc", "demo", b"hash", options=options)
    bench.registrar.forget()
    body = {
        "messageType": "dataReport",
        "deviceId": "acf7",
        "IMEI": "860374051096202",
        "timestamp": ingesting.now_ms(),
        "payload": {"serviceId": "level", "serviceData": {"water_level": 1.5}},
    }
    bench.receive(_pushed(body), on="parkpulse/v1/push/ctwing/acc")
    ((device, metric, _, value),) = bench.readings()
    assert (device, metric, value) == ("860374051096202", "water_level", 1.5)
    assert bench.totals("demo").stored == 1


def test_what_comes_on_topics_that_lead_nowhere(bench: Bench) -> None:
    topics = [
        "parkpulse/v1/push/ctwing/nobody",
        "parkpulse/v1/push/unheard/nobody",
        "parkpulse/v1/demo/gauge/raw/unheard",
        "field/gauge/down",
        "field/b@d/up",
    ]
    for topic in topics:
        bench.receive(base64.b64encode(b"x"), on=topic)
    reasons = [entry.reason for entry in bench.quarantine()]
    assert reasons == [
        "unknown_account",
        "unknown_format",
        "unknown_format",
        "bad_topic",
        "bad_frame",
    ]
    assert bench.totals().is_balanced


def test_the_numbers_of_messages_are_noted(bench: Bench) -> None:
    for seq in itertools.chain(range(3), [7]):
        at = ingesting.now_ms()
        samples = [{"ts": at + seq, "values": {"water_level": 1.0}}]
        bench.receive(ingesting.encoded({"seq": seq, "sent": at, "samples": samples}))
    ((count,),) = bench.rows(b"select sum(length(seq)) / 8 from sequence_log")
    assert count == 4
