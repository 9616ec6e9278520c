"""Batches of messages on a real TimescaleDB, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration import ingesting
from tests.integration.ingesting import now_ms, payload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.ingesting import Bench


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    yield from ingesting.bench(database_url)


def test_a_message_is_stored_counted_logged_and_acknowledged(bench: Bench) -> None:
    at = now_ms()
    bench.receive(payload(at, water_level=1.5, battery_voltage=3.6))
    assert bench.readings() == [
        ("gauge", "battery_voltage", at * 1000, 3.6),
        ("gauge", "water_level", at * 1000, 1.5),
    ]
    totals = bench.totals("demo")
    assert (totals.received, totals.stored, totals.values_stored) == (1, 1, 2)
    assert [each.mid for each in bench.receiver.acknowledged] == [1]
    ((size, n),) = bench.rows(b"select size, n from batch_log")
    assert (size, n) == (2, 1)
    assert bench.quarantine() == []
