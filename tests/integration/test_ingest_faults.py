"""What fails around a batch costs no message, on a real TimescaleDB."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from parkpulse.errors import ConfigError
from parkpulse.store import workers
from parkpulse.wire import native
from tests.integration import ingesting
from tests.integration.ingesting import (
    Bench,
    logged,
    now_ms,
    payload,
    values,
)
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parkpulse.model.message import Message
    from tests.plugins.fix_proxy import Proxy

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    yield from ingesting.bench(database_url)


def test_a_message_that_the_database_refuses_is_found_and_quarantined(
    bench: Bench,
) -> None:
    with bench.database.transaction() as connection:
        connection.execute("alter table reading add check (value <> 66)")
    levels = [*range(60, 71), 66]
    now = now_ms()
    bench.receive(*(payload(now + i, water_level=v) for i, v in enumerate(levels)))
    assert sorted(value for _, value in values(bench)) == [
        *range(60, 66),
        *range(67, 71),
    ]
    entries = bench.quarantine()
    assert [entry.reason for entry in entries] == ["refused_by_database"] * 2
    assert "check constraint" in entries[0].detail
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.quarantined) == (12, 10, 2)
    assert totals.values_refused == 2
    mids = [each.mid for each in bench.receiver.acknowledged]
    assert mids == sorted(mids)
    assert len(mids) == 12


def test_a_message_on_which_the_program_fails_is_quarantined(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = native.decode

    def fails(raw: bytes) -> Message:
        if b"poison" in raw:
            raise ZeroDivisionError(raw)
        return decode(raw)

    monkeypatch.setattr(native, "decode", fails)
    now = now_ms()
    good = [payload(now + number, water_level=1.0) for number in range(9)]
    bench.receive(*good[:5], b"poison", *good[5:])
    assert len(bench.readings()) == 9
    (entry,) = bench.quarantine()
    assert (entry.reason, entry.device) == ("internal_error", "gauge")
    assert "ZeroDivisionError" in entry.detail
    totals = bench.totals("demo")
    assert (totals.received, totals.stored, totals.quarantined) == (10, 9, 1)
    assert [each.number for each in bench.receiver.acknowledged] == [*range(1, 11)]


def test_nothing_is_lost_or_acknowledged_while_the_database_is_away(
    database_url: str, bench: Bench, proxy: Callable[[int], Proxy]
) -> None:
    port = urlsplit(database_url).port or 0
    gate = proxy(port)
    away = Bench(database_url.replace(f":{port}/", f":{gate.port}/"), "ingest-2")
    away.receive(payload(water_level=1.0))
    gate.cut()
    later = [away.arrival(payload(battery_voltage=v)) for v in (3.0, 3.1)]
    committing = threading.Thread(target=away.worker.commit, args=(later,))
    committing.start()
    committing.join(1.0)
    assert committing.is_alive()
    assert len(away.receiver.acknowledged) == 1
    assert len(bench.readings()) == 1
    gate.heal()
    committing.join(30.0)
    assert not committing.is_alive()
    assert len(away.receiver.acknowledged) == 3
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.is_balanced) == (3, 3, True)
    away.close()


def test_a_stop_while_the_database_is_away_leaves_the_rest_to_the_broker(
    database_url: str, proxy: Callable[[int], Proxy], bench: Bench
) -> None:
    port = urlsplit(database_url).port or 0
    gate = proxy(port)
    away = Bench(database_url.replace(f":{port}/", f":{gate.port}/"), "ingest-2")
    gate.cut()
    away.inbox.put([away.arrival(payload(water_level=1.0))])
    working = threading.Thread(target=away.worker.run)
    working.start()
    wait_until(lambda: len(away.inbox) == 0)
    away.stop.set()
    working.join(30.0)
    assert not working.is_alive()
    assert away.receiver.acknowledged == []
    assert bench.readings() == []
    away.close()


def test_a_commit_whose_answer_was_lost_is_not_counted_twice(bench: Bench) -> None:
    arrivals = [bench.arrival(payload(water_level=1.0)), bench.arrival(b"junk")]
    bench.worker.commit(arrivals)
    bench.worker._committed = 0  # as if the connection had been lost in the commit
    bench.worker.commit(arrivals)
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.quarantined) == (2, 1, 1)
    assert (totals.duplicate, len(bench.quarantine())) == (0, 1)
    bench.receive(payload(battery_voltage=3.0))
    assert bench.totals().stored == 2


def test_only_one_process_can_be_a_worker(bench: Bench) -> None:
    bench.receive(payload(water_level=1.0))
    other = Bench(bench.database._url, "ingest-1")
    with pytest.raises(ConfigError, match="--worker"):
        bench.receive(payload(battery_voltage=3.0))
    bench.worker._next_report = 0.0
    with pytest.raises(ConfigError, match="--worker"):
        bench.worker._report()
    other.receive(payload(battery_voltage=3.0))
    assert bench.totals().stored == 2
    other.close()


def test_a_message_lost_inside_shows_as_a_difference(bench: Bench) -> None:
    bench.receive(payload(water_level=1.0))
    bench.arrival(b"never committed")
    bench.receive(payload(battery_voltage=3.0))
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.is_balanced) == (3, 2, False)


def test_what_the_broker_drops_enters_the_ledger_once(bench: Bench) -> None:
    for total in (100, 100, 107, 107, 3):  # then the broker begins anew
        bench.receiver.dropped_by_broker = total
        bench.worker._next_report = 0.0
        bench.worker._report()
    totals = bench.totals("?")
    assert (totals.dropped_by_broker, totals.is_balanced) == (10, True)


def test_a_worker_gives_signs_of_life(bench: Bench) -> None:
    bench.inbox.put([bench.arrival(b"waiting")])
    bench.worker._next_report = 0.0
    bench.worker._report()
    with bench.database.transaction() as connection:
        (worker,) = workers.workers(connection)
    assert (worker.writer, worker.is_connected, worker.waiting) == ("ingest-1", True, 1)


def test_two_workers_may_store_the_same_readings_at_once(
    bench: Bench, database_url: str
) -> None:
    benches = [Bench(database_url, f"ingest-{n}") for n in (2, 3)]
    now = now_ms()
    messages = [
        payload(now - second * 1000, water_level=second % 7, battery_voltage=3.0)
        for second in range(200)
    ]

    def work(each: Bench) -> None:
        shuffled = messages.copy()
        random.Random(id(each)).shuffle(shuffled)  # noqa: S311 - no secret
        for start in range(0, 200, 20):
            each.receive(*shuffled[start : start + 20])

    threads = [threading.Thread(target=work, args=(each,)) for each in benches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
        assert not thread.is_alive()
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.duplicate) == (400, 200, 200)
    assert (totals.values_stored, totals.values_corrected) == (400, 0)
    assert len(bench.readings()) == 400
    assert sum(len(batch) for batch in logged(bench)) == 400
    for each in benches:
        each.close()


class Model:
    """What is stored and counted, one value after the other."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, int], float] = {}
        self.audits: list[tuple[float, float]] = []
        self.stored = 0
        self.duplicate = 0

    def take(self, metric: str, at_us: int, value: float) -> None:
        before = self.values.get((metric, at_us))
        if before is None:
            self.stored += 1
        elif before == value:
            self.duplicate += 1
        else:
            self.audits.append((before, value))
        self.values[metric, at_us] = value


def test_the_store_equals_a_naive_model(bench: Bench) -> None:
    draw = random.Random(20261122)  # noqa: S311 - no secret
    now = now_ms()
    model = Model()
    for _ in range(25):
        batch = []
        for _ in range(draw.randint(1, 30)):
            at = now - 1000 * draw.randint(0, 40)
            metric = draw.choice(["water_level", "battery_voltage"])
            value = float(draw.randint(0, 2))
            batch.append(payload(at, **{metric: value}))
            model.take(metric, at * 1000, value)
        bench.receive(*batch)
    assert {(m, ts): v for _, m, ts, v in bench.readings()} == model.values
    totals = bench.totals()
    assert totals.values_stored == model.stored
    assert totals.values_duplicate == totals.duplicate == model.duplicate
    assert totals.values_corrected == len(model.audits)
    assert totals.stored == model.stored + len(model.audits)
    assert totals.is_balanced
    found = bench.rows(b"select old_value, new_value from reading_audit")
    assert sorted(found) == sorted(model.audits)
    assert followed(bench) == sorted(model.values.values())


def followed(bench: Bench) -> list[float]:
    """Values that somebody knows who has only read the batch log."""
    known: dict[tuple[int, int], float] = {}
    for batch in logged(bench):
        keys = zip(batch.series.tolist(), batch.ts.tolist(), strict=True)
        known |= dict(zip(keys, batch.value.tolist(), strict=True))
    return sorted(known.values())
