"""A park's document written and read back; other ids and retirement in ingest."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec
import pytest

from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.store import registry, registry_reading
from tests.integration import ingesting
from tests.integration.ingesting import Bench

if TYPE_CHECKING:
    from parkpulse.model.registry import ParkSpec
    from parkpulse.store.pool import Database

NAME = ingesting.NAME


def _full() -> ParkSpec:
    return ingesting.park(
        places=[
            {"code": "a", "kind": "area", "name": NAME},
            {"code": "b", "kind": "building", "name": NAME, "parent": "a"},
        ],
        devices=[
            ingesting.device(
                "main",
                {
                    "metric": "active_energy_import",
                    "modulus": 1e6,
                    "calibration": [
                        {
                            "valid_from": ingesting.ACCEPT_FROM,
                            "scale": 40.0,
                            "source": "CT",
                        }
                    ],
                },
                "active_power",
                place="b",
                aliases=["861", "862"],
                options={"crc": "accept"},
            ),
            ingesting.device("old", "water_level", retired=True, clock="untrusted"),
        ],
        topics=[
            {"filter": "tele/+/SENSOR", "format": "profile:tasmota", "device_level": 2}
        ],
        data_centres=[
            {
                "code": "dc",
                "name": NAME,
                "commissioned": date(2024, 1, 1),
                "standard_racks": 3000,
                "place": "b",
                "meters": [
                    {
                        "device": "main",
                        "metric": "active_energy_import",
                        "role": "grid_import",
                    }
                ],
            }
        ],
    )


def test_what_is_written_is_read_back(database: Database) -> None:
    spec = _full()
    with database.transaction() as conn:
        registry.apply(conn, spec)
        found = registry_reading.load(conn, "demo")
        assert registry_reading.parks(conn) == ["demo"]
    assert msgspec.to_builtins(found) == msgspec.to_builtins(spec)


def test_discovered_devices_only_when_asked(database: Database) -> None:
    with database.transaction() as conn:
        park = registry.apply(conn, ingesting.park(devices=[]))
        registry.discover(conn, park, ["new"], 10)
        assert registry_reading.load(conn, "demo").devices == []
        (found,) = registry_reading.load(conn, "demo", discovered=True).devices
        assert found.code == "new"
        with pytest.raises(NotFoundError):
            registry_reading.load(conn, "nowhere")


def test_other_ids_are_replaced_and_never_those_of_a_device(database: Database) -> None:
    spec = _full()
    main, old = spec.devices
    with database.transaction() as conn:
        registry.apply(conn, spec)
        fewer = msgspec.structs.replace(main, aliases=["862"])
        registry.apply(conn, msgspec.structs.replace(spec, devices=[fewer, old]))
        assert registry_reading.load(conn, "demo").devices[0].aliases == ["862"]
    alone = msgspec.structs.replace(main, aliases=["old"])
    with database.transaction() as conn, pytest.raises(InvalidRequestError):
        registry.apply(conn, msgspec.structs.replace(spec, devices=[alone]))


def test_messages_under_another_id_are_one_history(database_url: str) -> None:
    bench = Bench(database_url)
    gauge = ingesting.device("gauge", "water_level", aliases=["861"])
    old = ingesting.device("old", "water_level", retired=True)
    bench.register(ingesting.park(devices=[gauge, old]))
    now = ingesting.now_ms()
    for device, ts, value in (("gauge", now - 2000, 1.0), ("861", now - 1000, 1.5)):
        on = ingesting.topic(device)
        bench.receive(ingesting.payload(ts, water_level=value), on=on)
    on = ingesting.topic("old")
    bench.receive(ingesting.payload(now, water_level=9.0), on=on)
    assert [row[0] for row in bench.readings()] == ["gauge", "gauge"]
    (refused,) = bench.quarantine()
    assert (refused.reason, refused.device) == ("retired_device", "old")
    bench.close()
