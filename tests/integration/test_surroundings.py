"""Series as columns are those that the database gives one by one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from parkpulse.engine import registered
from parkpulse.engine.registered import News
from parkpulse.model import instants
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, PlaceSpec, SeriesSpec
from parkpulse.store import rules, surroundings, windows
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from tests.plugins.fix_engine import Lab

NAME = Name(zh="名", en="name")


def _device(code: str, place: str | None, **options: str) -> DeviceSpec:
    return DeviceSpec(
        code=code,
        kind="water_level",
        name=NAME,
        report_interval_s=300,
        place=place,
        options=dict(options),
        series=[
            SeriesSpec(metric="water_level"),
            SeriesSpec(metric="rainfall_total", modulus=1000.0),
        ],
    )


def _park(code: str) -> ParkSpec:
    return ParkSpec(
        code=code,
        name=NAME,
        accept_from=NOW - timedelta(days=999),
        clock="data",
        zone="Asia/Urumqi" if code == "west" else "Asia/Shanghai",
        places=[
            PlaceSpec(code="b", kind="building", name=NAME),
            PlaceSpec(code="c", kind="compartment", name=NAME, parent="b"),
        ],
        devices=[
            _device("one", "c", tags="weir  low\nbank"),
            _device("two", "b"),
            _device("three", None),
        ],
    )


def test_columns_are_the_rows(lab: Lab) -> None:
    for code in ("east", "west"):
        lab.register(_park(code))
    with lab.database.transaction() as conn:
        conn.execute("update device set state = 'retired' where code = 'three'")
        for slots in (range(64), [lab.parks["west"] % 64], []):
            found = list(surroundings.load(conn, slots))
            assert found == rules.watched(conn, slots)
    assert {each.zone for each in found} == set()


def test_all_consumers_share_one_load(lab: Lab) -> None:
    shared = registered.of(lab.database)
    assert registered.of(lab.database) is shared
    listeners = [News(shared), News(shared)]
    assert [each.have_come() for each in listeners] == [True, True]
    with lab.database.transaction() as conn:
        nothing = shared.series(conn, [0])
        assert shared.series(conn, [0]) is nothing
    lab.register(_park("east"))
    slots = [lab.parks["east"] % 64]
    assert [each.have_come() for each in listeners] == [True, True]
    assert [each.have_come() for each in listeners] == [False, False]
    with lab.database.transaction() as conn:
        known = shared.series(conn, slots)
        assert len(known) == 6
        # What is not known may have been registered since.
        unknown = known.id[-1:] + 1
        assert shared.holding(conn, slots, known.id) is known
        assert shared.holding(conn, slots, unknown) is not known


def test_the_newest_is_found_however_old(lab: Lab) -> None:
    series = list(lab.register(_park("east")).values())
    long_ago = instants.to_us(NOW - timedelta(days=400))
    now = instants.to_us(NOW)
    lab.put([(series[0], now, 1.0), (series[0], long_ago, 1.0)], "east")
    lab.put([(series[3], long_ago, 1.0), (series[1], now - 1, 2.0)], "east")
    with lab.database.transaction() as conn:
        found, ts = windows.newest(conn, np.array(sorted(series), np.int32))
    expected = {series[0]: now, series[1]: now - 1, series[3]: long_ago}
    assert dict(zip(found.tolist(), ts.tolist(), strict=True)) == expected
    assert found.tolist() == sorted(expected)
