"""The quarantine: replay, discard, and the commands for it and the ledger."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from ingest.fold import OnDifference
from ingest.replay import discard, replay
from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.store import batchlog
from parkpulse.wire.sparkplug import encode as sparkplug
from parkpulse.wire.sparkplug import values
from tests.integration import ingesting
from tests.integration.ingesting import (
    RETENTION_S,
    device,
    now_ms,
    park,
    payload,
    topic,
)
from tests.plugins.shell import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.replay import Replayed
    from parkpulse.store.quarantine import Entry
    from tests.integration.ingesting import Bench


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    yield from ingesting.bench(database_url)


def again(
    bench: Bench,
    entry: Entry,
    on_difference: OnDifference = OnDifference.KEEP,
) -> Replayed:
    return replay(bench.database, bench.registrar, entry.id, RETENTION_S, on_difference)


def register_late(bench: Bench) -> None:
    bench.register(park("late", devices=[device("gauge", "water_level")]))


def test_a_message_of_a_park_registered_later_is_brought_back(bench: Bench) -> None:
    at = now_ms()
    bench.receive(payload(at, water_level=1.5, rsrp=-90), on=topic("gauge", "late"))
    register_late(bench)
    (entry,) = bench.quarantine()
    done = again(bench, entry)
    assert (done.state, done.stored, done.refused, done.reason) == (
        "replayed",
        2,
        0,
        None,
    )
    assert bench.readings() == [
        ("gauge", "rsrp", at * 1000, -90.0),
        ("gauge", "water_level", at * 1000, 1.5),
    ]
    totals = bench.totals("?")
    assert (totals.received, totals.stored, totals.quarantined) == (1, 1, 0)
    assert (totals.values_stored, totals.values_refused) == (2, 0)
    with bench.database.transaction() as connection:
        (batch,) = batchlog.tail(connection, {}, 10)
    assert (batch.writer, len(batch)) == ("replay", 2)
    (entry,) = bench.quarantine()
    assert entry.state == "replayed"
    assert entry.state_at is not None


def test_what_is_stored_meanwhile_stays_unless_forced(bench: Bench) -> None:
    at = now_ms()
    for level in (1.0, 2.0):
        bench.receive(payload(at, water_level=level), on=topic("gauge", "late"))
    register_late(bench)
    bench.receive(payload(at, water_level=3.0), on=topic("gauge", "late"))
    first, second = bench.quarantine()
    done = again(bench, first)
    assert (done.state, done.kept, done.stored) == ("replayed", 1, 0)
    assert [value for *_, value in bench.readings()] == [3.0]
    done = again(bench, second, OnDifference.REPLACE)
    assert (done.state, done.corrected) == ("replayed", 1)
    assert [value for *_, value in bench.readings()] == [2.0]
    assert bench.rows(b"select old_value, new_value, cause from reading_audit") == [
        (3.0, 2.0, "replay")
    ]
    totals = bench.totals("?")
    assert (totals.received, totals.stored, totals.quarantined) == (2, 1, 1)
    assert bench.totals().is_balanced


def test_a_repetition_becomes_a_duplicate(bench: Bench) -> None:
    message = payload(water_level=1.0)
    bench.receive(message, on=topic("gauge", "late"))
    register_late(bench)
    bench.receive(message, on=topic("gauge", "late"))
    (entry,) = bench.quarantine()
    done = again(bench, entry)
    assert (done.state, done.duplicate) == ("replayed", 1)
    totals = bench.totals("?")
    assert (totals.duplicate, totals.quarantined, totals.is_balanced) == (1, 0, True)


def test_what_is_still_refused_stays_in_the_quarantine(bench: Bench) -> None:
    bench.receive(payload(water_level=1.0, mana=7), on=topic("gauge", "late"))
    bench.receive(b"junk")
    register_late(bench)
    first, second = bench.quarantine()
    done = again(bench, first)
    assert (done.state, done.stored, done.refused) == ("open", 1, 1)
    assert done.reason == "unknown_metric"
    entry = bench.quarantine()[0]
    assert (entry.reason, entry.is_whole, entry.refused) == ("unknown_metric", False, 1)
    done = again(bench, entry)  # changes nothing more
    assert (done.state, done.duplicate, done.refused) == ("open", 1, 1)
    totals = bench.totals("?")
    assert (totals.received, totals.stored, totals.quarantined) == (1, 1, 0)
    assert (totals.values_stored, totals.values_refused) == (1, 1)
    assert totals.values_duplicate == 0
    done = again(bench, second)
    assert (done.state, done.refused, done.reason) == ("open", 1, "not_json")
    assert bench.totals("demo").quarantined == 1


def test_the_refused_part_of_a_message_can_be_brought_back(bench: Bench) -> None:
    at = now_ms()
    bench.receive(payload(at, water_level=1.0, battery_voltage=3.0))
    early = {
        "sent": at,
        "samples": [
            {"ts": "2019-06-01T00:00:00Z", "values": {"water_level": 1.0}},
            {"ts": at, "values": {"battery_voltage": 3.0, "rsrp": -90}},
        ],
    }
    bench.receive(msgspec.json.encode(early))
    (entry,) = bench.quarantine()
    assert (entry.reason, entry.refused) == ("clock_past", 1)
    assert bench.totals().values_refused == 1
    bench.register(park(accept_from="2019-01-01T00:00:00Z"))
    done = replay(bench.database, bench.registrar, entry.id, 20 * 365 * 86_400.0)
    assert (done.state, done.stored, done.duplicate) == ("replayed", 1, 2)
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.values_refused) == (2, 2, 0)
    assert (totals.values_stored, totals.values_duplicate) == (4, 1)


def test_a_replay_keeps_the_first_receipt(bench: Bench) -> None:
    raw = msgspec.json.encode({"samples": [{"values": {"water_level": 1.0}}]})
    received_us = ingesting.now_us() - 1_800_000_000
    arrival = bench.arrival(raw, topic("gauge", "late"), received_us)
    bench.worker.commit([arrival])
    register_late(bench)
    (entry,) = bench.quarantine()
    again(bench, entry)
    assert [ts for *_, ts, _ in bench.readings()] == [received_us]


def test_only_open_and_whole_entries_are_replayed(bench: Bench) -> None:
    bench.receive(b"junk", b"[" * 100_000)
    junk, large = sorted(bench.quarantine(), key=lambda entry: entry.length)
    discard(bench.database, junk.id)
    with pytest.raises(InvalidRequestError, match="discarded already"):
        again(bench, junk)
    with pytest.raises(InvalidRequestError, match="discarded already"):
        discard(bench.database, junk.id)
    with pytest.raises(InvalidRequestError, match="65536 of 100000 bytes"):
        again(bench, large)
    with pytest.raises(NotFoundError):
        replay(bench.database, bench.registrar, uuid.uuid4(), RETENTION_S)
    with pytest.raises(NotFoundError):
        discard(bench.database, uuid.uuid4())


class Shell:
    """Runs `parkpulse` commands."""

    def __init__(self, database_url: str, home: Path) -> None:
        self._environment = {
            "PARKPULSE_HOME": str(home),
            "PARKPULSE_DATABASE_URL": database_url,
        }

    def run(self, *words: str, status: int = 0) -> str:
        done = run(self._environment, *words)
        assert done.status == status, done.out + done.err
        return done.out + done.err

    def json(self, *words: str, status: int = 0) -> dict[str, Any]:
        value = json.loads(self.run(*words, "--json", status=status))
        assert isinstance(value, dict)
        return value


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    return Shell(database_url, tmp_path)


def test_the_ledger_on_the_command_line(bench: Bench, shell: Shell) -> None:
    bench.receive(payload(water_level=1.0), b"junk")
    bench.receive(payload(water_level=1.0), on="parkpulse/v1//x/telemetry")
    found = shell.json("ledger")
    assert [row["source"] for row in found["items"]] == ["?/unknown", "demo/native"]
    assert (found["totals"]["received"], found["balanced"]) == (3, True)
    assert shell.json("ledger", "--park", "demo")["totals"]["received"] == 2
    unknown = shell.run("ledger", "--park", "none", status=1)
    assert "there is no park 'none'; there are: demo" in unknown
    refused = [(each["park"], each["reason"], each["n"]) for each in found["reasons"]]
    assert sorted(refused) == [("?", "bad_topic", 1), ("demo", "not_json", 1)]
    text = shell.run("ledger")
    assert "demo/native" in text
    assert "The ledger adds up" in text


def test_messages_that_never_came_on_the_command_line(
    bench: Bench, shell: Shell
) -> None:
    for seq in (1, 2, 6):
        sample = {"ts": now_ms() + seq, "values": {"water_level": 1.0}}
        message = {"seq": seq, "sent": now_ms(), "samples": [sample]}
        bench.receive(ingesting.encoded(message))
    found = shell.json("gaps", "--park", "demo")
    assert found["items"] == [
        {"park": "demo", "device": "gauge", "first": 3, "last": 5, "count": 3}
    ]
    assert "demo/gauge: 3 to 5 (3)" in shell.run("gaps")


def test_the_quarantine_on_the_command_line(bench: Bench, shell: Shell) -> None:
    bench.receive(payload(water_level=1.0), on=topic("gauge", "late"))
    bench.receive(b"junk", b"\xff")
    found = shell.json("quarantine", "list")["items"]
    assert {entry["reason"] for entry in found} == {
        "unknown_park",
        "not_json",
        "not_utf8",
    }
    (late,) = shell.json("quarantine", "list", "--reason", "unknown_park")["items"]
    shown = shell.json("quarantine", "show", late["id"])
    assert json.loads(shown["raw"])["samples"][0]["values"] == {"water_level": 1.0}
    (binary,) = shell.json("quarantine", "list", "--reason", "not_utf8")["items"]
    assert shell.json("quarantine", "show", binary["id"])["raw_base64"] == "/w=="
    assert "Nobody" not in shell.run("quarantine", "show", binary["id"])
    assert "unknown_park" in shell.run("quarantine", "list", "--limit", "3")
    register_late(bench)
    (done,) = shell.json("quarantine", "replay", late["id"])["items"]
    assert (done["state"], done["stored"]) == ("replayed", 1)
    assert "replayed already" in shell.run("quarantine", "replay", late["id"], status=1)
    assert "open; values: 1 refused" in shell.run(
        "quarantine", "replay", "--all", "--reason", "not_json"
    )
    assert "1 entries" in shell.run("quarantine", "discard", binary["id"])
    assert len(shell.json("quarantine", "discard", "--all")["discarded"]) == 1
    assert shell.json("quarantine", "list")["items"] == []
    states = ("replayed", "discarded")
    counts = [
        len(shell.json("quarantine", "list", "--state", each)["items"])
        for each in states
    ]
    assert counts == [1, 2]


def test_two_messages_of_a_format_with_state_in_one_command(
    bench: Bench, shell: Shell
) -> None:
    for level, node in ((1.0, "west"), (2.0, "east")):
        told = sparkplug.Value(
            level, values.DOUBLE, "water_level", alias=7, ts_ms=now_ms()
        )
        birth = sparkplug.node_birth([told], now_ms(), 0)
        bench.receive(birth, on=f"spBv1.0/park/NBIRTH/{node}")
    assert len(bench.quarantine()) == 2
    bench.register(park(topics=[{"filter": "spBv1.0/park/#", "format": "sparkplug"}]))
    done = shell.json("quarantine", "replay", "--all")["items"]
    assert [(each["state"], each["stored"]) for each in done] == [("replayed", 1)] * 2
    found = [(device_code, value) for device_code, _, _, value in bench.readings()]
    assert found == [("east", 2.0), ("west", 1.0)]
    assert bench.totals().is_balanced


def test_commands_say_what_is_wrong_in_a_sentence(
    bench: Bench, shell: Shell, tmp_path: Path
) -> None:
    unknown = str(uuid.uuid4())
    assert f"there is no quarantine entry '{unknown}'" in shell.run(
        "quarantine", "show", unknown, status=1
    )
    assert "--all" in shell.run("quarantine", "replay", status=2)
    assert "--all" in shell.run("quarantine", "discard", unknown, "--all", status=2)
    assert bench.quarantine() == []
    nowhere = Shell("postgresql://x:secret@127.0.0.1:1/x", tmp_path)
    said = nowhere.run("ledger", status=1)
    assert said.startswith("parkpulse: the database does not answer (")
    assert said.count("\n") == 1
    assert "secret" not in said
