"""Lists, details and acknowledgement of alerts on a real TimescaleDB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from parkpulse.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidRequestError,
    NotFoundError,
)
from parkpulse.model.rule import Threshold
from parkpulse.query import alerts
from parkpulse.store import alerts as stored
from parkpulse.store import rules
from parkpulse.store.alerts import Search
from tests.plugins.alerting import PAGE, Bench, rule, seconds

if TYPE_CHECKING:
    from parkpulse.model.alert import Alert
    from parkpulse.query.paging import Page
    from parkpulse.store.pool import Database

GAUGES = 6


@pytest.fixture
def bench(database: Database) -> Bench:
    """Gauges 1 to 6: medium, high, medium, high, returned, retroactive."""
    bench = Bench(database, gauges=GAUGES)
    bench.apply(rule())
    for gauge in range(1, GAUGES):
        bench.feed([(gauge * 10.0, 1.5 if gauge % 2 else 2.5)], gauge=gauge)
    bench.feed([(60.0, 0.5)], gauge=5)
    bench.store([(55.0, 1.5), (58.0, 0.5), (56.0, 1.6)], gauge=6)
    bench.run(60.0)
    return bench


def listed(bench: Bench, search: Search | None = None, **options: Any) -> Page[Alert]:  # noqa: ANN401
    with bench.database.transaction() as conn:
        return alerts.listed(conn, search or Search(), **options)


def devices(page: Page[Alert]) -> list[str]:
    return [(each.device or "").removeprefix("gauge-0") for each in page.items]


FILTERS = [
    (Search(), "123456"),
    (Search(park="harbour"), "123456"),
    (Search(park="elsewhere"), ""),
    (Search(states=alerts.UNFINISHED), "12345"),
    (Search(states=["unacknowledged"]), "1234"),
    (Search(states=["returned_unacknowledged"]), "5"),
    (Search(severities=["high"]), "24"),
    (Search(severities=["low", "medium"]), "1356"),
    (Search(retroactive=True), "6"),
    (Search(retroactive=False), "12345"),
    (Search(text="Gauge 3"), "3"),
    (Search(text="GAUGE-02"), "2"),
    (Search(text="High water"), "123456"),
    (Search(text="100%_\\'"), ""),
    (Search(since=datetime(2026, 3, 1, 0, 0, 30, tzinfo=UTC)), "3456"),
]


def test_filters(bench: Bench) -> None:
    """One database serves all cases: they only read."""
    for search, expected in FILTERS:
        found = devices(listed(bench, search, order="raised_at"))
        assert found == list(expected), search


ORDERS = {
    "raised_at": "123456",
    "-raised_at": "654321",
    "severity": "135624",
    "-severity": "426531",
}


def test_orders_and_pages(bench: Bench) -> None:
    assert set(ORDERS) == set(alerts.ORDERS)
    for order, expected in ORDERS.items():
        found: list[str] = []
        cursor = None
        for _ in range(3):
            page = listed(bench, order=order, limit=2, cursor=cursor)
            found += devices(page)
            cursor = page.next
        assert found == list(expected), order
        assert cursor is None


def test_a_cursor_belongs_to_its_list(bench: Bench) -> None:
    cursor = listed(bench, order="raised_at", limit=1).next
    with pytest.raises(InvalidRequestError):
        listed(bench, order="-severity", cursor=cursor)
    with pytest.raises(InvalidRequestError):
        listed(bench, cursor="nonsense")
    with pytest.raises(InvalidRequestError):
        listed(bench, order="name")


def test_an_alert_says_what_where_and_against_which_limit(bench: Bench) -> None:
    (alert,) = listed(bench, Search(text="gauge-02")).items
    assert alert.rule.code == "level"
    assert alert.subject == "harbour/gauge-02/water_level"
    assert (alert.place, alert.place_name) == ("river", bench.name("River"))
    assert (alert.metric, alert.unit) == ("water_level", "m")
    assert (alert.value, alert.limit, alert.direction) == (2.5, 2.0, "above")
    assert alert.level == bench.name("guaranteed stage")
    assert alert.zone == "Asia/Shanghai"


def test_the_detail_has_the_history(bench: Bench) -> None:
    (alert,) = listed(bench, Search(text="gauge-06")).items
    with bench.database.transaction() as conn:
        detail = alerts.detail(conn, alerts.parse_id(alert.id))
    assert detail.alert == alert
    assert [(each.kind, seconds(each.at)) for each in detail.events] == [
        ("raised", 55.0),
        ("cleared", 58.0),
    ]
    assert detail.events[0].detail["retroactive"] is True
    assert detail.deliveries == []


def test_what_does_not_exist_is_not_found(bench: Bench) -> None:
    with bench.database.transaction() as conn:
        with pytest.raises(NotFoundError):
            alerts.find(conn, uuid4())
        with pytest.raises(NotFoundError):
            alerts.acknowledge(conn, uuid4(), "Li", page_url=PAGE)
        assert alerts.by_ids(conn, [uuid4()]) == []
    with pytest.raises(NotFoundError):
        alerts.parse_id("nonsense")


def test_counts_are_of_unfinished_alerts(bench: Bench) -> None:
    with bench.database.transaction() as conn:
        assert alerts.counts(conn) == {bench.park_id: {"medium": 3, "high": 2}}


def test_changes_are_found_by_the_time_of_the_change(bench: Bench) -> None:
    with bench.database.transaction() as conn:
        row = conn.execute("select clock_timestamp()").fetchone()
    assert row is not None
    _acknowledge(bench, _id(bench, "gauge-01"))
    with bench.database.transaction() as conn:
        changed = alerts.changed_since(conn, bench.park_id, row[0])
    assert [each.device for each in changed] == ["gauge-01"]


def _id(bench: Bench, device: str) -> UUID:
    (alert,) = listed(bench, Search(text=device)).items
    return alerts.parse_id(alert.id)


def _acknowledge(bench: Bench, alert_id: UUID, **options: Any) -> Alert:  # noqa: ANN401
    with bench.database.transaction() as conn:
        return alerts.acknowledge(conn, alert_id, "Li", page_url=PAGE, **options)


def test_an_acknowledgement_is_recorded_with_who_when_and_why(bench: Bench) -> None:
    alert_id = _id(bench, "gauge-01")
    alert = _acknowledge(bench, alert_id, comment="on my way", version=0)
    assert (alert.state, alert.acknowledged_by) == ("acknowledged", "Li")
    assert alert.version == 1
    assert alert.acknowledged_at is not None
    assert seconds(alert.acknowledged_at) == 60.0
    with bench.database.transaction() as conn:
        event = alerts.detail(conn, alert_id).events[-1]
    assert (event.kind, event.actor) == ("acknowledged", "Li")
    assert event.detail == {"comment": "on my way"}


def test_what_returned_is_normal_once_it_is_acknowledged(bench: Bench) -> None:
    assert _acknowledge(bench, _id(bench, "gauge-05")).state == "normal"


def test_nobody_acknowledges_twice_or_what_is_over(bench: Bench) -> None:
    alert_id = _id(bench, "gauge-01")
    _acknowledge(bench, alert_id)
    for each in (alert_id, _id(bench, "gauge-06")):
        with pytest.raises(IllegalTransitionError):
            _acknowledge(bench, each)


def test_who_saw_an_older_version_is_told(bench: Bench) -> None:
    alert_id = _id(bench, "gauge-01")
    bench.feed([(70.0, 2.5)])
    with pytest.raises(ConflictError):
        _acknowledge(bench, alert_id, version=0)
    assert _acknowledge(bench, alert_id, version=1).severity == "high"


def test_actor_and_comment_are_limited(bench: Bench) -> None:
    alert_id = _id(bench, "gauge-01")
    for actor in ("", "  ", "x" * 101, "a\nb"):
        with pytest.raises(InvalidRequestError), bench.database.transaction() as conn:
            alerts.acknowledge(conn, alert_id, actor, page_url=PAGE)
    with pytest.raises(InvalidRequestError):
        _acknowledge(bench, alert_id, comment="x" * 2001)


def test_a_rule_applied_again_is_nothing_new(bench: Bench) -> None:
    bench.apply(rule())
    with bench.database.transaction() as conn:
        (stored,) = rules.load(conn)
    assert stored.version == 1
    bench.apply(rule(deadband=0.2))
    with bench.database.transaction() as conn:
        (stored,) = rules.load(conn)
    assert isinstance(stored.spec.definition, Threshold)
    assert (stored.version, stored.spec.definition.deadband) == (2, 0.2)


def test_rules_reach_devices_in_places_within_places(bench: Bench) -> None:
    with bench.database.transaction() as conn:
        conn.execute(
            """
            insert into place (park_id, code, kind, name_zh, name_en)
            values (%s, 'valley', 'area', '', '')
            """,
            [bench.park_id],
        )
        conn.execute(
            """
            update place set parent_id = (select id from place where code = 'valley')
            where code = 'river'
            """
        )
        watched = rules.watched(conn, range(64))
    assert [place.code for place in watched[0].places] == ["river", "valley"]
    assert [place.kind for place in watched[0].places] == ["river_section", "area"]


def test_an_alert_may_end_and_another_begin_at_once(bench: Bench) -> None:
    with bench.database.transaction() as conn:
        first = next(iter(listed(bench, Search(severities=["high"])).items))
        (row,) = stored.lock(conn, [], [UUID(first.id)])
        ended = replace(
            row, state="normal", cleared=row.raised, version=row.version + 1
        )
        stored.save(conn, [replace(row, id=uuid4(), version=0)], [ended])
    found = [each.id for each in listed(bench, Search(states=alerts.UNFINISHED)).items]
    assert first.id not in found
    assert len(found) == GAUGES - 1
