"""KPIs on a real TimescaleDB: hours to rolling months, late data, restarts."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec import structs
from psycopg.rows import dict_row
from typing_extensions import override

from parkpulse.engine.kpis import KpiConsumer
from parkpulse.errors import StoreDataError
from parkpulse.model import instants
from tests.plugins.fix_engine import NOW
from tests.plugins.plant import START, Plant, plant_spec

if TYPE_CHECKING:
    from tests.plugins.fix_engine import Lab

MINUTE, HOUR, DAY = instants.MINUTE, instants.HOUR, instants.DAY
Row = dict[str, Any]


def _rows(lab: Lab, **wanted: object) -> list[Row]:
    with (
        lab.database.transaction() as conn,
        conn.cursor(row_factory=dict_row) as cursor,
    ):
        cursor.execute(
            "select * from kpi order by period, period_start, period_end, kpi, category"
        )
        rows = cursor.fetchall()
    return [
        row for row in rows if all(row[name] == value for name, value in wanted.items())
    ]


def _revisions(lab: Lab) -> list[Row]:
    with (
        lab.database.transaction() as conn,
        conn.cursor(row_factory=dict_row) as cursor,
    ):
        return cursor.execute("select * from kpi_revision order by id").fetchall()


def _figures(rows: list[Row]) -> list[Row]:
    left_out = {"computed_at", "revision"}
    return [{k: v for k, v in row.items() if k not in left_out} for row in rows]


def _run(lab: Lab, consumer: KpiConsumer | None = None) -> None:
    lab.step(consumer or KpiConsumer())


def test_hours_days_and_longer_periods(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    lab.put(plant.points(START, NOW))
    _run(lab)
    hours = _rows(lab, period="hour", kpi="pue")
    # The power still holds after its last reading, the registers do not.
    assert [row["period_start"] for row in hours] == [
        START + timedelta(hours=each) for each in range(48)
    ]
    assert [row["value"] for row in hours] == pytest.approx([1.25] * 48)
    assert {row["coverage"] for row in hours} == {1.0}
    assert {row["category"] for row in hours} == {1}
    share = _rows(lab, period="hour", kpi="ref")
    assert [row["value"] for row in share] == pytest.approx([15 / 125] * 48)
    days = _rows(lab, period="day", kpi="pue")
    # Civil days of Shanghai: NOW is 20:00 there.
    assert [row["covered_s"] / 3600 for row in days] == [4, 24, 20]
    assert [row["state"] for row in days] == ["closed", "closed", "open"]
    assert [row["coverage"] for row in days] == [pytest.approx(4 / 24), 1.0, 1.0]
    assert sum(row["numerator_kwh"] for row in days) == pytest.approx(48 * 125)
    (month,) = _rows(lab, period="month", kpi="ref")
    assert month["period_start"] == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert month["numerator_kwh"] == pytest.approx(48 * 15)
    rolling = _rows(lab, period="rolling_12_months", kpi="pue")
    assert [row["period_end"] for row in rolling] == [row["period_end"] for row in days]
    assert rolling[-1]["verdict"] == "insufficient data"
    assert rolling[-1]["value"] == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("end", "hours"),
    [
        (datetime(2026, 3, 30, 3, tzinfo=UTC), [24, 24, 23]),
        (datetime(2025, 10, 27, 3, tzinfo=UTC), [24, 24, 25]),
    ],
)
def test_days_of_23_and_25_hours(lab: Lab, end: datetime, hours: list[int]) -> None:
    # The clocks of Berlin change in the last of these nights.
    lab.now = end
    start = end - timedelta(days=4)
    spec = structs.replace(plant_spec(), zone="Europe/Berlin")
    plant = Plant(lab, spec, start)
    lab.put(plant.points(start, end))
    _run(lab)
    days = _rows(lab, period="day", kpi="pue")
    assert [row["covered_s"] / 3600 for row in days[1:-1]] == hours
    assert [row["coverage"] for row in days[1:-1]] == [1.0] * 3
    assert [row["numerator_kwh"] for row in days[1:-1]] == pytest.approx(
        [each * 125.0 for each in hours]
    )
    length = [row["period_end"] - row["period_start"] for row in days[1:-1]]
    assert length == [timedelta(hours=each) for each in hours]


def test_evidence_adds_up(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    lab.put(plant.points(START, NOW))
    _run(lab)
    with lab.database.transaction() as conn:
        roles = dict(conn.execute("select id, role from meter").fetchall())
    for row in _rows(lab):
        energy = {roles[each[0]]: each[1] for each in row["evidence"]["meters"]}
        facility = energy["grid_import"] + energy["pv"]
        renewable = energy.get("pv", 0.0) + energy.get("green_power", 0.0)
        pair = (row["numerator_kwh"], row["denominator_kwh"])
        grid = energy["grid_import"]
        bought = energy.get("green_power", 0.0)
        it = energy.get("ups_output")
        expected = {
            "pue": (facility, it),
            "cue_location": (grid, it),
            "cue_market": (grid - bought, it),
        }.get(row["kpi"], (renewable, facility))
        assert pair == pytest.approx(expected), row


@pytest.mark.parametrize(
    ("racks", "pue", "ref"),
    [
        (4000, "interim: above target", "interim: below target"),
        (100, "not applicable", "interim: below target"),
    ],
)
def test_targets_bind_within_their_scope(
    lab: Lab, racks: int, pue: str, ref: str
) -> None:
    plant = Plant(lab, plant_spec(racks=racks), START)
    lab.put(plant.points(START, NOW))
    _run(lab)
    # Exactly 1.25 does not comply.
    (row,) = _rows(lab, period="day", kpi="pue", state="open")
    assert (row["verdict"], row["target"]) == (pue, 1.25)
    (row,) = _rows(lab, period="day", kpi="ref", state="open")
    assert (row["verdict"], row["target"]) == (ref, 0.25)
    (row,) = _rows(lab, period="day", kpi="ref_hourly", state="open")
    assert (row["verdict"], row["target"]) == ("not applicable", 0.25)


def test_any_order_of_arrival_gives_the_same_bits(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    rng = random.Random(3)  # noqa: S311 - test data
    points = plant.points(START, NOW)
    points = [p for p in points if rng.random() > 0.08]
    lab.put(points)
    _run(lab)
    whole = _figures(_rows(lab))
    with lab.database.transaction() as conn:
        conn.execute("truncate reading, kpi, kpi_revision")
    shuffled = points + rng.sample(points, 60)
    rng.shuffle(shuffled)
    for i in range(0, len(shuffled), 83):
        part = shuffled[i : i + 83]
        lab.put([(each, ts, value + 3.0) for each, ts, value in part[:3]])
        lab.put(part)
        _run(lab)
    _run(lab)
    assert _figures(_rows(lab)) == whole
    assert len(whole) > 100


def test_a_late_reading_revises_closed_rows(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    points = plant.points(START, NOW)
    hole = instants.to_us(START) + 10 * HOUR
    pv = plant.series["pv"]
    late = [p for p in points if p[0] == pv and hole < p[1] <= hole + 3 * HOUR]
    lab.put([p for p in points if p not in late])
    _run(lab)
    before = {_key(row): row for row in _rows(lab)}
    assert not _revisions(lab)
    lab.put(late)
    _run(lab)
    after = {_key(row): row for row in _rows(lab)}
    changed = [key for key in after if after[key]["revision"]]
    hours = [instants.from_us(hole) + timedelta(hours=each) for each in range(4)]
    # Of the four hours two had something before, the others are new.
    assert {key[1] for key in changed if key[0] == "hour"} == {hours[0], hours[3]}
    assert {key[1] for key in after.keys() - before.keys()} == {hours[1], hours[2]}
    assert {key[0] for key in changed} == {"hour", "day", "rolling_12_months"}
    unchanged = set(before) - set(changed)
    closed = {key for key in unchanged if before[key]["state"] == "closed"}
    assert closed
    for key in closed:
        assert after[key]["computed_at"] == before[key]["computed_at"]
    revisions = _revisions(lab)
    assert len(revisions) == len(changed)
    assert {row["cause"] for row in revisions} == {"late readings"}
    hour = next(row for row in revisions if row["period"] == "hour")
    assert hour["old_coverage"] < hour["new_coverage"] == 1.0


def _key(row: Row) -> tuple[Any, ...]:
    names = ("period", "period_start", "period_end", "kpi", "category")
    return tuple(row[name] for name in names)


def test_a_correction_is_a_revision_with_its_cause(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    lab.put(plant.points(START, NOW))
    _run(lab)
    series, ts, value = plant.point("green", instants.to_us(START) + 5 * HOUR)
    lab.put([(series, ts, value + 1.0)])
    _run(lab)
    revisions = _revisions(lab)
    assert {row["kpi"] for row in revisions} == {"ref", "ref_hourly", "cue_market"}
    assert {row["cause"] for row in revisions} == {"correction"}
    (hour,) = [
        row for row in revisions if (row["period"], row["kpi"]) == ("hour", "ref")
    ]
    assert hour["new_value"] - hour["old_value"] == pytest.approx(1 / 125)
    lab.put([(series, ts, value)])
    _run(lab)
    assert max(row["revision"] for row in _revisions(lab)) == 2


def test_a_register_gap_is_exact_for_the_day_that_holds_it(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    silent = range(*(instants.to_us(START) + h * HOUR for h in (10, 16)))
    points = [
        p
        for p in plant.points(START, NOW)
        if p[0] != plant.series["grid"] or p[1] not in silent
    ]
    lab.put(points)
    _run(lab)
    estimated = [
        row for row in _rows(lab, period="hour", kpi="pue") if row["estimated_s"]
    ]
    first = instants.from_us(silent.start)
    assert [row["period_start"] for row in estimated] == [
        first + timedelta(hours=each) for each in range(-1, 6)
    ]
    assert estimated[2]["numerator_estimated_kwh"] == pytest.approx(120.0)
    assert estimated[2]["coverage"] == 0.0
    for row in _rows(lab, period="day"):
        assert row["estimated_s"] == 0.0
        assert row["numerator_estimated_kwh"] == 0.0
    assert [row["coverage"] for row in _rows(lab, period="day", kpi="pue")][1] == 1.0


def test_a_meter_swapped_on_a_report_leaves_both_sides_alike(lab: Lab) -> None:
    # As in the scenario hot-july-week: the new meter reports 0 when the old one is due.
    plant = Plant(lab, plant_spec(), START)
    swap = instants.to_us(START) + 9 * HOUR
    ups, _, begun = plant.point("ups", swap)
    lab.put(
        [
            (each, ts, value - begun if each == ups and ts >= swap else value)
            for each, ts, value in plant.points(START, NOW)
        ]
    )
    _run(lab)
    start = instants.from_us(swap - HOUR)
    for kpi, value in (("pue", 1.25), ("ref", 15 / 125)):
        (hour,) = _rows(lab, period="hour", kpi=kpi, period_start=start)
        assert hour["value"] == pytest.approx(value)
    (hour,) = _rows(lab, period="hour", kpi="pue", period_start=start)
    assert (hour["coverage"], hour["covered_s"]) == (0.75, 2700.0)
    assert (hour["estimated_s"], hour["denominator_estimated_kwh"]) == (0.0, 0.0)
    assert hour["numerator_kwh"] == pytest.approx(0.75 * 125)
    assert hour["denominator_kwh"] == pytest.approx(0.75 * 100)


def test_periods_close_by_the_clock_alone(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    lab.put(plant.points(START, NOW))
    consumer = KpiConsumer()
    _run(lab, consumer)
    lab.set_clock("yard", NOW + timedelta(hours=5, minutes=59))
    _run(lab, consumer)
    (day,) = _rows(lab, period="day", kpi="pue", period_start=_day(10))
    assert (day["state"], day["coverage"]) == ("open", pytest.approx(20 / 24))
    (new,) = _rows(lab, period="day", kpi="pue", period_start=_day(11))
    assert (new["value"], new["coverage"], new["verdict"]) == (
        None,
        0.0,
        "insufficient data",
    )
    lab.set_clock("yard", NOW + timedelta(hours=6))
    _run(lab, consumer)
    (day,) = _rows(lab, period="day", kpi="pue", period_start=_day(10))
    assert day["state"] == "closed"
    assert not _revisions(lab)


def _day(day: int) -> datetime:
    """Start of a civil day of March 2026 in Shanghai."""
    return datetime(2026, 3, day, tzinfo=UTC) - timedelta(hours=8)


def test_a_data_centre_is_computed_at_most_once_a_minute(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    consumer = KpiConsumer()
    loop = lab.loop(consumer)
    loop.step()
    lab.put(plant.points(START, START + timedelta(hours=3)))
    loop.step()
    assert len(_rows(lab, period="hour", kpi="pue")) == 3, "the first data at once"
    lab.put(plant.points(START, START + timedelta(hours=5)))
    lab.now += timedelta(seconds=59)
    loop.step()
    assert len(_rows(lab, period="hour", kpi="pue")) == 3
    lab.now += timedelta(seconds=1)
    loop.step()
    assert len(_rows(lab, period="hour", kpi="pue")) == 5


class _Dies(KpiConsumer):
    """Fails after writing, as a process that is killed before its commit."""

    @override
    def tick(self, conn: Any, now: datetime) -> None:
        super().tick(conn, now)
        message = "killed"
        raise StoreDataError(message)


def test_killed_and_restarted_equals_uninterrupted(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    parts = [
        plant.points(START, START + timedelta(hours=17)),
        plant.points(START + timedelta(hours=12), START + timedelta(hours=30)),
        plant.points(START + timedelta(hours=30), NOW),
    ]
    for part in parts:
        lab.put(part)
        with pytest.raises(StoreDataError):
            _run(lab, _Dies())
        _run(lab)
    restarted = _figures(_rows(lab))
    with lab.database.transaction() as conn:
        conn.execute("truncate reading, kpi, kpi_revision")
    lab.put([point for part in parts for point in part])
    _run(lab)
    assert _figures(_rows(lab)) == restarted


def test_listeners_hear_of_changes(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    lab.put(plant.points(START, NOW))
    with lab.database.listen("kpi") as listening:
        _run(lab)
        heard = list(listening.notifies(timeout=10.0, stop_after=1))
    assert json.loads(heard[0].payload) == {"park": "yard", "data_centre": "dc"}


def test_facility_below_it_is_a_finding(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    points = [
        (each, ts, value * 0.1 if each == plant.series["grid"] else value)
        for each, ts, value in plant.points(START, NOW)
    ]
    lab.put(points)
    _run(lab)
    (day,) = _rows(lab, period="day", kpi="pue", state="open")
    assert day["value"] is None
    assert day["verdict"] == "insufficient data"
    assert day["evidence"]["finding"] == "facility_below_it"


def test_a_data_centre_registered_after_its_meters_has_its_history(lab: Lab) -> None:
    spec = plant_spec()
    plant = Plant(lab, msgspec.structs.replace(spec, data_centres=[]), START)
    lab.put(plant.points(START, NOW))
    consumer = KpiConsumer()
    _run(lab, consumer)
    assert not _rows(lab)
    lab.register(spec)
    lab.now += timedelta(seconds=10)
    _run(lab, consumer)
    assert len(_rows(lab, period="hour", kpi="pue")) == 48


def test_another_meter_tree_recomputes_everything(lab: Lab) -> None:
    spec = plant_spec()
    plant = Plant(lab, spec, START)
    lab.put(plant.points(START, NOW))
    _run(lab)
    assert not _revisions(lab)
    (centre,) = spec.data_centres
    fewer = [meter for meter in centre.meters if meter.device != "pv"]
    other = msgspec.structs.replace(centre, meters=fewer)
    lab.register(msgspec.structs.replace(spec, data_centres=[other]))
    _run(lab)
    hours = _rows(lab, period="hour", kpi="pue")
    assert [row["value"] for row in hours] == pytest.approx([1.2] * 48)
    assert {row["cause"] for row in _revisions(lab)} == {"registry change"}
