"""Ledger, quarantine, receipts and workers on a real TimescaleDB."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import uuid_utils.compat

from parkpulse.errors import StoreError
from parkpulse.model import instants, reasons
from parkpulse.store import ledger, quarantine, receipts, workers
from parkpulse.store.ledger import Counts
from parkpulse.store.pool import Database
from parkpulse.store.quarantine import Entry
from parkpulse.store.receipts import Receipt
from parkpulse.store.workers import Advance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.store.pool import Connection

HOUR = datetime(2026, 3, 1, 7, tzinfo=UTC)
AT_US = instants.to_us(HOUR)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    database.open()
    with database.transaction() as connection:
        yield connection
    database.close()


def test_counts_add_up_over_batches_and_writers(connection: Connection) -> None:
    first = {
        (HOUR, "a/native"): Counts(received=2, stored=1, quarantined=1),
        (HOUR, "b/native"): Counts(received=1, duplicate=1, values_duplicate=3),
    }
    ledger.add(connection, "ingest-1", first)
    ledger.add(connection, "ingest-1", first)
    later = HOUR + timedelta(hours=1)
    ledger.add(
        connection, "ingest-2", {(later, "a/native"): Counts(received=1, stored=1)}
    )
    ledger.add(connection, "ingest-2", {})
    rows = ledger.hours(connection, HOUR, later + timedelta(hours=1))
    assert [(row.hour, row.source, row.counts.received) for row in rows] == [
        (HOUR, "a/native", 4),
        (HOUR, "b/native", 2),
        (later, "a/native", 1),
    ]
    total = ledger.total(rows)
    assert total == Counts(7, 3, 2, 2, 0, 6)
    assert total.is_balanced
    assert len(ledger.hours(connection, HOUR, later)) == 2
    assert len(ledger.hours(connection, HOUR, later, "b")) == 1
    assert ledger.total([]) == Counts()
    assert not Counts(received=1).is_balanced


def entry(minute: int, reason: str = reasons.NOT_JSON, park: str = "a") -> Entry:
    return Entry(
        id=uuid_utils.compat.uuid7(),
        at=HOUR + timedelta(minutes=minute),
        writer="ingest-1",
        source=f"{park}/native",
        park=park,
        device="d",
        format="native",
        topic=b"topic",
        reason=reason,
        detail="detail",
        raw=b"\x00\xff",
        length=2,
        sha256=b"hash",
        is_whole=True,
        refused=0,
    )


def test_the_quarantine_is_paged_from_the_newest(connection: Connection) -> None:
    entries = [entry(minute // 2) for minute in range(7)]
    assert quarantine.put(connection, entries) == 0
    newest = sorted(entries, key=lambda each: (each.at, each.id), reverse=True)
    found: list[Entry] = []
    while page := quarantine.page(
        connection, 3, after=(found[-1].at, found[-1].id) if found else None
    ):
        found += page
    assert [each.id for each in found] == [each.id for each in newest]
    assert {each.raw for each in found} == {b""}
    assert quarantine.get(connection, newest[0].id) == newest[0]
    assert quarantine.get(connection, uuid.uuid4()) is None


def test_the_quarantine_is_filtered(connection: Connection) -> None:
    entries = [entry(0), entry(1, reasons.BAD_TIME), entry(2, park="b")]
    quarantine.put(connection, entries)
    quarantine.settle(connection, entries[0].id, "discarded")

    def ids(found: list[Entry]) -> list[uuid.UUID]:
        return [each.id for each in found]

    assert ids(quarantine.page(connection, 9, park="b")) == [entries[2].id]
    assert ids(quarantine.page(connection, 9, reason="bad_time")) == [entries[1].id]
    assert ids(quarantine.page(connection, 9, state="discarded")) == [entries[0].id]
    since = HOUR + timedelta(minutes=2)
    assert ids(quarantine.page(connection, 9, since=since)) == [entries[2].id]


def test_the_limit_is_for_each_reason_and_hour(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "KEPT_AN_HOUR", 2)

    def batch() -> list[Entry]:
        late, other = entry(61), entry(3, reasons.BAD_TIME)
        return [entry(0), entry(1), entry(2), late, other]

    assert quarantine.put(connection, batch()) == 1
    assert quarantine.put(connection, batch()) == 3
    assert len(quarantine.page(connection, 99)) == 6
    assert quarantine.put(connection, []) == 0


def test_a_first_receipt_holds_for_an_hour(connection: Connection) -> None:
    def claim(*minutes: int, device: int = 1, sha256: bytes = b"x") -> list[int]:
        found = receipts.claim(
            connection,
            [
                Receipt(device, sha256, AT_US + minute * instants.MINUTE)
                for minute in minutes
            ],
        )
        return [(at - AT_US) // instants.MINUTE for at in found]

    assert claim(0, 30) == [0, 0]
    assert claim(59, 60, 90, 120) == [0, 60, 60, 120]
    assert claim(61, device=2) == [61]
    assert claim(62, sha256=b"y") == [62]
    assert claim() == []
    receipts.prune(connection)
    assert claim(119) == [119]


def test_a_worker_advances_only_from_where_it_stands(connection: Connection) -> None:
    run, other = uuid.uuid4(), uuid.uuid4()
    workers.start(connection, "ingest-1", run)
    assert workers.advance(connection, "ingest-1", run, 0, 5) is Advance.MOVED
    assert workers.advance(connection, "ingest-1", run, 0, 5) is Advance.ALREADY
    with pytest.raises(StoreError, match="stands at 5"):
        workers.advance(connection, "ingest-1", run, 3, 9)
    workers.start(connection, "ingest-1", other)
    assert workers.advance(connection, "ingest-1", run, 5, 9) is Advance.SUPERSEDED
    assert workers.advance(connection, "ingest-1", other, 0, 9) is Advance.MOVED
    assert not workers.report(connection, "ingest-1", run, 0, is_connected=True)
