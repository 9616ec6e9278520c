"""Times of requests, cells of tables, health and flow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from api import tables
from api.schemas.common import Moment
from parkpulse.query import health
from parkpulse.query.flow import FlowMeter
from parkpulse.store.health import Signs
from parkpulse.store.ledger import Counts, LedgerRow
from parkpulse.store.workers import Worker

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MOMENT = TypeAdapter(Moment)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-10T12:00:00Z",
        "2026-03-10t12:00:00z",
        "2026-03-10T20:00:00+08:00",
        "2026-03-10T20:00:00 08:00",
        "2026-03-10T20:00+0800",
        "2026-03-10 12:00:00.000000Z",
    ],
)
def test_times_with_zone(text: str) -> None:
    found = MOMENT.validate_python(text)
    assert found == NOW
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2026-03-10T12:00:00", "datetime_parsing"),
        ("2026-03-10", "datetime_parsing"),
        ("1773144000", "datetime_parsing"),
        ("now", "datetime_parsing"),
        ("", "datetime_parsing"),
        ("2026-02-30T12:00:00Z", "datetime_from_date_parsing"),
        ("1969-12-31T23:59:59Z", "greater_than_equal"),
        ("0001-01-01T00:00:00+14:00", "greater_than_equal"),
        ("9999-12-31T23:59:59-14:00", "less_than_equal"),
        ("2201-01-01T00:00:00Z", "less_than_equal"),
    ],
)
def test_what_is_no_time(text: str, kind: str) -> None:
    with pytest.raises(ValidationError) as refused:
        MOMENT.validate_python(text)
    assert refused.value.errors()[0]["type"] == kind


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("+86", "'+86"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\r=x", "'\r=x"),
        ("a=b", "a=b"),
        (-1.5, -1.5),
        (7, 7),
        (True, "true"),
        (False, "false"),
        (None, None),
        (NOW, "2026-03-10T12:00:00Z"),
    ],
)
def test_cells_do_not_compute(value: tables.Cell, expected: object) -> None:
    assert tables.cell(value) == expected


WELL = Signs(1, 0.5, None, 1, 1)
WORKER = Worker("ingest-1", NOW, NOW, is_connected=True, waiting=0, arrivals=7)
GONE = WORKER._replace(seen_at=NOW - timedelta(seconds=31))


def conditions(parts: list[health.Part]) -> dict[str, str]:
    return {part.name: part.condition for part in parts}


def test_all_is_well() -> None:
    parts = [*health.of_workers([WORKER], NOW), *health.of_signs(WELL)]
    assert set(conditions(parts).values()) == {"ok"}
    assert health.status(parts) == "ready"


@pytest.mark.parametrize(
    ("signs", "ill"),
    [
        (WELL._replace(engines=0), "engine"),
        (WELL._replace(notifiers=0), "notify"),
        (WELL._replace(unread_batch_s=61.0), "batch_log"),
        (WELL._replace(overdue_delivery_s=61.0), "outbox"),
    ],
)
def test_one_part_is_ill(signs: Signs, ill: str) -> None:
    parts = health.of_signs(signs)
    found = conditions(parts)
    assert found.pop(ill) == "degraded"
    assert set(found.values()) == {"ok"}
    assert health.status(parts) == "degraded"


@pytest.mark.parametrize(
    ("workers", "broker", "ingest"),
    [
        ([], "degraded", "degraded"),
        (
            [WORKER._replace(seen_at=NOW - timedelta(seconds=31))],
            "degraded",
            "degraded",
        ),
        ([WORKER._replace(is_connected=False)], "degraded", "ok"),
        ([WORKER._replace(is_connected=False), WORKER], "ok", "ok"),
        ([GONE, WORKER], "ok", "ok"),
    ],
)
def test_ingest_and_broker(workers: list[Worker], broker: str, ingest: str) -> None:
    parts = health.of_workers(workers, NOW)
    assert conditions(parts) == {"broker": broker, "ingest": ingest}


def test_only_database_and_live_values_are_vital() -> None:
    failed = health.Part("database", "failed", "unreachable")
    assert health.status([failed]) == "unready"
    assert health.status([failed._replace(name="live")]) == "unready"
    assert health.status([failed._replace(name="broker")]) == "degraded"


def row(park: str, received: int, values: int, hour: datetime = NOW) -> LedgerRow:
    counts = Counts(received=received, stored=received, values_stored=values)
    return LedgerRow(hour, f"{park}/native", counts)


def test_flow_of_the_last_minute() -> None:
    meter = FlowMeter()
    assert meter.flow("a").messages_last_minute == 0
    meter.observe(0.0, [row("a", 100, 1000)])
    assert meter.flow("a").messages_last_minute == 0
    meter.observe(30.0, [row("a", 130, 1100), row("b", 5, 5)])
    assert meter.flow("a").messages_last_minute == 30
    assert meter.flow("b").messages_last_minute == 5
    meter.observe(60.0, [row("a", 150, 1200), row("b", 5, 5)])
    assert meter.flow("a").messages_last_minute == 50
    meter.observe(90.0, [row("a", 150, 1200), row("b", 5, 5)])
    found = meter.flow("a")
    assert (found.messages_last_minute, found.values_last_minute) == (20, 100)
    assert found.received == 150
    assert meter.flow(None).received == 155
    assert meter.flow("c").received == 0


def test_flow_across_the_hour_and_the_horizon() -> None:
    meter = FlowMeter()
    old, new = NOW - timedelta(hours=24), NOW + timedelta(hours=1)
    meter.observe(0.0, [row("a", 900, 900, old), row("a", 100, 100)])
    meter.observe(10.0, [row("a", 110, 110), row("a", 3, 3, new)])
    assert meter.flow("a").messages_last_minute == 13
    assert meter.flow("a").received == 113


def test_flow_that_does_not_add_up() -> None:
    meter = FlowMeter()
    counts = Counts(received=3, stored=1, duplicate=1)
    meter.observe(0.0, [LedgerRow(NOW, "a/native", counts)])
    assert meter.flow("a").balanced is False
