"""The registry on a real TimescaleDB."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from parkpulse.errors import InvalidRequestError
from parkpulse.model import registry_check
from parkpulse.model.registry import ParkSpec
from parkpulse.store import directory, registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.store.pool import Connection, Database

NAME = {"zh": "名", "en": "name"}
MAY = datetime(2026, 5, 1, tzinfo=UTC)


def devices() -> list[dict[str, Any]]:
    calibration = {
        "valid_from": MAY,
        "scale": 20.0,
        "offset": 1.0,
        "source": "CT 100/5",
    }
    return [
        {
            "code": "meter-2",
            "kind": "power_meter",
            "name": NAME,
            "place": "hall",
            "report_interval_s": 60,
            "series": [{"metric": "active_energy_import"}],
        },
        {
            "code": "meter-1",
            "kind": "power_meter",
            "name": NAME,
            "place": "hall",
            "report_interval_s": 60,
            "series": [
                {"metric": "active_energy_import", "modulus": 1e6},
                {"metric": "active_power", "calibration": [calibration]},
            ],
        },
        {
            "code": "rain-1",
            "kind": "rain_gauge",
            "name": NAME,
            "clock": "untrusted",
            "series": [
                {
                    "metric": "rainfall_interval",
                    "stamp": "start",
                    "report_interval_s": 300,
                }
            ],
        },
    ]


def data_centres() -> list[dict[str, Any]]:
    return [
        {
            "code": "dc",
            "name": NAME,
            "commissioned": date(2024, 6, 1),
            "standard_racks": 3000,
            "place": "hall",
            "meters": [
                {
                    "device": "meter-2",
                    "metric": "active_energy_import",
                    "role": "ups_output",
                    "parent": "meter-1",
                },
                {
                    "device": "meter-1",
                    "metric": "active_energy_import",
                    "role": "grid_import",
                },
            ],
        }
    ]


def document() -> dict[str, Any]:
    return {
        "code": "demo",
        "name": NAME,
        "accept_from": datetime(2024, 1, 1, tzinfo=UTC),
        "places": [
            {"code": "hall", "kind": "machine_hall", "name": NAME, "parent": "house"},
            {"code": "house", "kind": "building", "name": NAME},
        ],
        "devices": devices(),
        "data_centres": data_centres(),
    }


def spec(changed: dict[str, Any] | None = None) -> ParkSpec:
    return msgspec.convert(document() | (changed or {}), ParkSpec)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.transaction() as connection:
        yield connection


def dump(connection: Connection) -> list[list[tuple[Any, ...]]]:
    """Every row with the transaction that wrote it and its place in the table."""
    return [
        connection.execute(query).fetchall()
        for query in (
            "select *, xmin::text, ctid::text from park order by id",
            "select *, xmin::text, ctid::text from place order by id",
            "select *, xmin::text, ctid::text from device order by id",
            "select *, xmin::text, ctid::text from series order by id",
            "select *, xmin::text, ctid::text from calibration order by series_id",
            "select *, xmin::text, ctid::text from data_centre order by id",
            "select id, role, parent_id, xmin::text, ctid::text from meter order by id",
        )
    ]


def test_writing_a_document_again_changes_nothing(connection: Connection) -> None:
    first = registry.apply(connection, spec())
    before = dump(connection)
    assert registry.apply(connection, spec()) == first
    assert dump(connection) == before
    assert [len(table) for table in before] == [1, 2, 3, 4, 1, 1, 2]


def test_the_tree_of_places_and_meters_is_linked(connection: Connection) -> None:
    registry.apply(connection, spec())
    assert connection.execute(
        "select p.code, above.code from place p left join place above"
        " on above.id = p.parent_id order by 1"
    ).fetchall() == [("hall", "house"), ("house", None)]
    assert connection.execute(
        "select m.role, above.role from meter m left join meter above"
        " on above.id = m.parent_id order by 1"
    ).fetchall() == [("grid_import", None), ("ups_output", "grid_import")]


def test_a_changed_document_changes_what_differs(connection: Connection) -> None:
    park = registry.apply(connection, spec())
    changed = document()
    changed["name"] = {"zh": "新", "en": "new"}
    changed["places"][0]["parent"] = None
    changed["devices"][1]["series"][1]["calibration"] = []
    changed["devices"][2]["report_interval_s"] = 77
    changed["data_centres"][0]["meters"].pop()
    changed["data_centres"][0]["meters"][0]["parent"] = None
    assert registry.apply(connection, spec(changed)) == park
    assert connection.execute("select name_zh, name_en from park").fetchall() == [
        ("新", "new")
    ]
    assert connection.execute(
        "select count(*) from place where parent_id is not null"
    ).fetchone() == (0,)
    assert connection.execute("select count(*) from calibration").fetchone() == (0,)
    assert connection.execute(
        "select report_interval_s from device where code = 'rain-1'"
    ).fetchone() == (77,)
    assert connection.execute("select role, parent_id from meter").fetchall() == [
        ("ups_output", None)
    ]


def test_describing_a_discovered_device_makes_it_active(connection: Connection) -> None:
    park = registry.apply(connection, spec({"devices": [], "data_centres": []}))
    found = registry.discover(connection, park, ["rain-1"], 1)
    assert registry.discover(connection, park, ["rain-1"], 1) == found
    assert registry.discovered_lately(connection, park) == 1
    registry.apply(connection, spec())
    assert connection.execute(
        "select id, state, clock from device where code = 'rain-1'"
    ).fetchall() == [(found["rain-1"], "active", "untrusted")]
    assert registry.discovered_lately(connection, park) == 0


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("zone",), "Mars/Base", "unknown_zone"),
        (("places", 0, "parent"), "nowhere", "unknown_place"),
        (("places", 1, "parent"), "hall", "circular_place"),
        (("places", 1, "code"), "hall", "duplicate_code"),
        (("devices", 0, "place"), "nowhere", "unknown_place"),
        (("devices", 0, "code"), "meter-1", "duplicate_code"),
        (("devices", 0, "series", 0, "metric"), "mana", "unknown_metric"),
        (("data_centres", 0, "place"), "nowhere", "unknown_place"),
        (("data_centres", 0, "meters", 0, "metric"), "rsrp", "unknown_series"),
        (("data_centres", 0, "meters", 0, "parent"), "rain-1", "unknown_meter"),
    ],
)
def test_an_inconsistent_document_is_refused(
    path: tuple[str | int, ...], value: str, code: str
) -> None:
    changed: Any = document()
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(InvalidRequestError) as caught:
        registry_check.check(msgspec.convert(changed, ParkSpec))
    assert caught.value.code == code


def test_the_directory_knows_what_the_document_says(connection: Connection) -> None:
    registry.apply(connection, spec())
    known = directory.load(connection)
    assert known.parks["demo"].clock == "wall"
    rain = known.device("demo", "rain-1")
    assert rain is not None
    assert not rain.has_trusted_clock
    series = known.series(rain, "rainfall_interval")
    assert series is not None
    assert series.stamp_shift_us == 300_000_000
    meter = known.device("demo", "meter-1")
    assert meter is not None
    columns = known.columns()
    (row,) = columns.calibration_row
    assert row == meter.rows["active_power"]
    assert columns.scale.tolist() == [20.0]
    assert columns.offset.tolist() == [1.0]
    assert columns.maximum[row] == 1e9


def test_a_device_can_be_added_to_a_loaded_directory(connection: Connection) -> None:
    park = registry.apply(connection, spec())
    known = directory.load(connection)
    found = registry.discover(connection, park, ["new"], 1000)
    for _ in range(2):
        registry.add_series(connection, [(found["new"], "water_level")])
    assert known.device("demo", "new") is None
    for _ in range(2):
        directory.add_devices(connection, known, list(found.values()))
    device = known.device("demo", "new")
    assert device is not None
    series = known.series(device, "water_level")
    assert series is not None
    assert known.columns().id[device.rows["water_level"]] == series.id


def test_only_so_many_devices_are_discovered_in_an_hour(connection: Connection) -> None:
    park = registry.apply(connection, spec())
    found = registry.discover(connection, park, ["a", "b", "rain-1"], 1)
    assert found.keys() == {"a", "rain-1"}
    assert registry.discover(connection, park, ["b", "a"], 1).keys() == {"a"}
    assert registry.discover(connection, park, ["b"], 2).keys() == {"b"}


def test_a_data_clock_never_goes_back(connection: Connection) -> None:
    park = registry.apply(connection, spec({"clock": "data"}))
    for month, expected in ((5, 5), (4, 5), (6, 6)):
        moment = datetime(2026, month, 1, tzinfo=UTC)
        registry.move_clocks(connection, {park: moment})
        (found,) = connection.execute("select data_now from park").fetchall()
        assert found == (datetime(2026, expected, 1, tzinfo=UTC),)
