"""Messages in other formats through a worker: values, events, parts, confirmations."""

from __future__ import annotations

import base64
import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ingest import assembly
from ingest.arrivals import Arrival
from ingest.pipeline import Letter
from ingest.replies import Replier, Reply, confirmation
from parkpulse import bus
from parkpulse.model import instants, packed
from parkpulse.model.message import Message, Telegram
from parkpulse.store import fragments, push_accounts, wire_states
from parkpulse.wire.sl651 import encode
from parkpulse.wire.sl651.encode import Station
from parkpulse.wire.sparkplug import encode as sparkplug
from parkpulse.wire.sparkplug import values
from tests.integration import ingesting
from tests.integration.ingesting import Bench
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.plugins.fix_services import BrokerServer

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

    def be_host(self) -> None:
        pass


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


def test_a_test_report_is_an_event(bench: Bench) -> None:
    message = Message(["water_level"], [1.25], [_minute()], 3, ingesting.now_us())
    body = encode.report(STATION, message)
    bench.receive(encode.single(STATION, 0x30, body), on=RAW)
    assert bench.readings() == []
    ((kind, detail),) = bench.rows(b"select kind, detail from event")
    assert (kind, detail["values"]) == ("test_report", {"Z": 1.25})


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


def _metric(value: float, name: str = "") -> sparkplug.Value:
    now_ms = ingesting.now_ms()
    return sparkplug.Value(value, values.DOUBLE, name, alias=7, ts_ms=now_ms)


def _edge(kind: str, payload: bytes, bench: Bench) -> None:
    bench.receive(payload, on=f"spBv1.0/park/{kind}/gw")


def test_sparkplug_data_follow_a_birth_also_after_a_restart(
    bench: Bench, database_url: str, told: Told
) -> None:
    topics = [{"filter": "spBv1.0/park/#", "format": "sparkplug"}]
    bench.register(ingesting.park(topics=topics))
    now_ms = ingesting.now_ms()
    birth = sparkplug.node_birth([_metric(1.0, "water_level")], now_ms, 0)
    _edge("NBIRTH", birth, bench)
    time.sleep(0.005)
    data = [_metric(1.5)]
    _edge("NDATA", sparkplug.payload(data, ingesting.now_ms(), 1), bench)
    assert [(row[0], row[3]) for row in bench.readings()] == [("gw", 1.0), ("gw", 1.5)]
    other = Bench(database_url, name="ingest-2", replies=told)
    with other.database.transaction() as conn:
        other.registrar.reader.restore(wire_states.load(conn))
    time.sleep(0.005)
    data = [_metric(2.5)]
    _edge("NDATA", sparkplug.payload(data, ingesting.now_ms(), 2), other)
    assert [row[3] for row in bench.readings()] == [1.0, 1.5, 2.5]
    other.close()


def _told(value: float, quality: int, alias: int) -> sparkplug.Value:
    at, name = ingesting.now_ms(), f"metric/{alias}"
    metric = {1: "water_level", 2: "flow_rate", 3: "battery_voltage"}.get(alias, name)
    return sparkplug.Value(value, values.DOUBLE, metric, alias, at, quality=quality)


def test_what_a_device_says_of_its_values_is_kept_and_followed(bench: Bench) -> None:
    topics = [{"filter": "spBv1.0/park/#", "format": "sparkplug"}]
    bench.register(ingesting.park(topics=topics))
    told = [_told(1.0, 192, 1), _told(2.0, 500, 2), _told(3.0, 0, 3)]
    _edge("NBIRTH", sparkplug.node_birth(told, ingesting.now_ms(), 0), bench)
    found = bench.rows(
        b"select s.metric, r.value, r.quality from reading r"
        b" join series s on s.id = r.series order by r.value"
    )
    assert found == [
        ("water_level", 1.0, 2),
        ("flow_rate", 2.0, 3),
        ("battery_voltage", 3.0, 4),
    ]
    (batch,) = ingesting.logged(bench)
    told_by_log = dict(
        zip(batch.value.tolist(), packed.quality(batch.flag), strict=True)
    )
    assert told_by_log == {1.0: 2, 2.0: 3, 3.0: 4}


def test_a_reading_that_is_called_bad_later_is_a_correction(bench: Bench) -> None:
    topics = [{"filter": "spBv1.0/park/#", "format": "sparkplug"}]
    bench.register(ingesting.park(topics=topics))
    good = _told(1.0, 192, 1)
    _edge("NBIRTH", sparkplug.node_birth([good], ingesting.now_ms(), 0), bench)
    bad = [good._replace(quality=0)]
    for seq in (1, 2):
        _edge("NDATA", sparkplug.payload(bad, ingesting.now_ms() + seq, seq), bench)
    audited = bench.rows(b"select old_value, old_quality, new_value from reading_audit")
    assert audited == [(1.0, 2, 1.0)]
    totals = bench.totals()
    assert (totals.values_stored, totals.values_corrected) == (1, 1)
    assert (totals.values_duplicate, totals.is_balanced) == (1, True)


def test_a_host_is_there_and_asks_for_births(broker: BrokerServer) -> None:
    heard: list[tuple[str, bytes]] = []
    url = bus.address(broker.url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(url.user, url.password)
    client.on_message = lambda _c, _u, m: heard.append((m.topic, bytes(m.payload)))
    client.connect(url.host, url.port)
    client.subscribe("spBv1.0/#", qos=1)
    client.loop_start()
    replier = Replier(broker.url)
    replier.be_host()
    wait_until(lambda: len(heard) == 1)
    arrival = Arrival(1, 0, "spBv1.0/park/NDATA/gw", b"")
    letter = Letter(arrival, "demo/sparkplug", telegram=Telegram(wants_birth=True))
    replier.send([letter])
    wait_until(lambda: len(heard) == 2)
    replier.close()
    wait_until(lambda: len(heard) == 3)
    client.disconnect()
    client.loop_stop()
    here, asked, gone = heard
    assert here[0] == gone[0] == "spBv1.0/STATE/parkpulse"
    assert msgspec.json.decode(here[1])["online"] is True
    assert msgspec.json.decode(gone[1])["online"] is False
    assert asked[0] == "spBv1.0/park/NCMD/gw"
    assert b"Node Control/Rebirth" in asked[1]


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
