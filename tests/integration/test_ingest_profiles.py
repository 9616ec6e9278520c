"""Messages that profiles read, through a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from parkpulse.model import instants
from tests.integration import ingesting
from tests.integration.ingesting import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    made = Bench(database_url)
    topics = [{"filter": "shellies/+/status/#", "format": "profile:shelly-em1"}]
    made.register(ingesting.park(topics=topics))
    yield made
    made.close()


def _status(channel: int, **values: float) -> bytes:
    return msgspec.json.encode({"id": channel, **values})


def test_channels_of_a_meter_are_devices_of_their_own(bench: Bench) -> None:
    bench.receive(_status(0, act_power=100.5), on="shellies/em-hall/status/em1:0")
    bench.receive(_status(1, act_power=7.0), on="shellies/em-hall/status/em1:1")
    bench.receive(
        _status(0, total_act_energy=6644.9), on="shellies/em-hall/status/em1data:0"
    )
    found = {(row[0], row[1]): row[3] for row in bench.readings()}
    assert found == {
        ("em-hall:0", "active_power"): 100.5,
        ("em-hall:0", "active_energy_import"): pytest.approx(6.6449),
        ("em-hall:1", "active_power"): 7.0,
    }


def test_channels_below_our_own_topic(bench: Bench) -> None:
    on = "parkpulse/v1/demo/meter/raw/profile:shelly-em1"
    bench.receive(_status(1, act_power=7.0), on=on)
    assert [row[0] for row in bench.readings()] == ["meter:1"]


def test_the_start_of_a_counter_is_told_once(bench: Bench) -> None:
    on = "parkpulse/v1/demo/plug/raw/profile:tasmota"
    for minute in (2, 1):
        at = instants.from_us(ingesting.now_us() - minute * instants.MINUTE)
        energy = {"TotalStartTime": "2026-01-01T00:00:00Z", "Total": 10.0 - minute}
        body = {"Time": at.isoformat(), "ENERGY": energy}
        bench.receive(msgspec.json.encode(body), on=on)
    assert [row[3] for row in bench.readings()] == [8.0, 9.0]
    with bench.database.transaction() as conn:
        events = conn.execute("select kind, ts from event").fetchall()
    assert [kind for kind, _ in events] == ["counter_start"]
    assert events[0][1].isoformat().startswith("2026-01-01T00:00:00")
