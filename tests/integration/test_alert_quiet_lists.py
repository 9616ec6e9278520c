"""Why many alerts are quiet: functions and lists say what is plain of each."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

import pytest

from parkpulse.model import alert as life
from parkpulse.query.alerts import UNFINISHED
from parkpulse.store import alerts
from parkpulse.store.alerts import Search
from tests.plugins.alerting import Bench, rule

if TYPE_CHECKING:
    from typing import LiteralString

    from parkpulse.model.alert import ShownState
    from parkpulse.store.pool import Connection, Database

GAUGES = 24
RULES = ("level", "b", "c")
FUNCTIONS: tuple[LiteralString, ...] = (
    "select * from alert_quiet_among(array(select id from alert))",
    "select * from alert_quiet_of_many(array(select id from alert))",
)

PLAIN: LiteralString = """
    select a.id, q.kind, q.since, q.until, q.actor, q.reason
    from alert a
    join alert_quiet q on q.rule_id = a.rule_id and q.subject = a.subject
    union all
    select a.id, 'maintenance', m.starts_at, m.ends_at, m.created_by, m.reason
    from alert a
    join park p on p.id = a.park_id
    join rule r on r.id = a.rule_id
    join maintenance m on m.park_id = a.park_id
        and park_now(p) >= m.starts_at and park_now(p) < m.ends_at
        and (m.device_id is null or m.device_id = a.device_id)
        and (m.rule is null or m.rule = r.code)
        and (m.place_id is null or place_is_within(a.place_id, m.place_id))
    union all
    select a.id, 'suppressed_by_design', cause.raised_at, null, s.created_by, s.reason
    from alert a
    join rule r on r.id = a.rule_id
    join suppression s on s.park_id = a.park_id and s.rule = r.code
    join rule c on c.code = s.cause_rule
    join alert cause on cause.rule_id = c.id and cause.park_id = a.park_id
        and cause.state <> 'normal' and cause.cleared_at is null
        and (s.within = 'park'
            or (s.within = 'place' and cause.place_id = a.place_id)
            or (s.within = 'device' and cause.device_id = a.device_id))
"""
"""Every reason, asked for each alert as the words of the guide have it."""


@pytest.fixture
def bench(database: Database) -> Bench:
    bench = Bench(database, gauges=GAUGES)
    bench.apply(rule())
    bench.set_clock(0)
    with database.transaction() as conn:
        _raise(conn)
    return bench


def _raise(conn: Connection) -> None:
    """Alerts of three rules at all gauges, some over, in an area with two places."""
    conn.execute(
        "with area as (insert into place (park_id, code, kind, name_zh, name_en)"
        "  select id, 'north', 'area', 'n', 'n' from park returning *)"
        " insert into place (park_id, code, parent_id, kind, name_zh, name_en)"
        " select park_id, 'weir', id, 'river_section', 'w', 'w' from area"
    )
    conn.execute(
        "update device set place_id = case id % 3"
        "  when 0 then (select id from place where code = 'weir')"
        "  when 1 then (select id from place where code = 'river') end"
    )
    conn.execute(
        "insert into rule (code, park_id, name_zh, name_en, definition, source)"
        " select new, park_id, name_zh, name_en, definition, source"
        " from rule, unnest(array['b', 'c']) as new where rule.code = 'level'"
    )
    conn.execute(
        """
        insert into alert (id, rule_id, subject, park_id, place_id, device_id, severity,
            state, onset, raised_at, cleared_at, value, limit_value)
        select gen_random_uuid(), r.id, d.code, p.id, d.place_id, d.id, 'high', its,
            p.data_now, p.data_now - d.id * interval '1 s',
            case when its like 'returned%' then p.data_now end, 1, 1
        from device d join park p on p.id = d.park_id
        cross join unnest(array['level', 'b', 'c']) with ordinality as o (code, number)
        join rule r on r.code = o.code
        cross join unnest(array['normal', (array[
            'unacknowledged', 'acknowledged', 'returned_unacknowledged'
            ])[1 + (d.id / 3 + number) % 3]]) as its
        """
    )


def _quieten(conn: Connection) -> None:
    conn.execute(
        "insert into alert_quiet"
        " select distinct on (rule_id, subject) rule_id, subject,"
        "  case device_id % 2 when 0 then 'shelved' else 'out_of_service' end,"
        "  now(), now() + interval '1 d', 'Li', 'x'"
        " from alert where device_id % 5 = 0 and rule_id % 2 = 0"
    )
    conn.execute(
        """
        insert into maintenance (park_id, place_id, device_id, rule, starts_at, ends_at,
            reason, created_by)
        select p.id, (select id from place where code = m.place), m.device, m.rule,
            p.data_now + m.first * interval '1 h', p.data_now + interval '9 h',
            'x', 'Li'
        from park p, (values
            ('north', null::integer, 'c', -1), ('weir', null, null, 1),
            (null, 4, null, 0), (null, 5, 'b', -1)) as m (place, device, rule, first)
        """
    )
    conn.execute(
        """
        insert into suppression
            (park_id, rule, cause_rule, within, reason, created_by)
        select p.id, s.* from park p, (values
            ('b', 'level', 'device', 'x', 'Li'), ('c', 'b', 'place', 'x', 'Wang'),
            ('level', 'c', 'device', 'y', 'Li')) as s
        """
    )


def _plainly(conn: Connection) -> dict[str, set[str]]:
    why: dict[str, set[str]] = {
        str(alert_id): set() for (alert_id,) in conn.execute("select id from alert")
    }
    for alert_id, kind, *_ in conn.execute(PLAIN):
        why[str(alert_id)].add(kind)
    return why


def _is_wanted(state: str, why: set[str], search: Search) -> bool:
    shown = why - {"maintenance"} if state != "normal" else set()
    is_state = bool(shown & {*search.states}) or (not shown and state in search.states)
    return is_state and search.quiet in {None, bool(why)}


@pytest.mark.parametrize("is_quiet", [False, True])
def test_lists_and_functions_say_what_is_plain(bench: Bench, is_quiet: bool) -> None:  # noqa: FBT001 - of pytest
    states: list[list[ShownState]] = [[each] for each in life.SHOWN_STATES]
    states += [list(life.SHOWN_STATES), ["shelved", "normal", "acknowledged"]]
    states += [list(UNFINISHED), ["normal", "out_of_service", "shelved"]]
    with bench.database.transaction() as conn:
        if is_quiet:
            _quieten(conn)
        why = _plainly(conn)
        for function in FUNCTIONS:
            found = Counter(conn.execute(function))
            assert found == Counter(conn.execute(PLAIN))
        every = alerts.page(conn, Search(), "raised_at", None, 1000)
        assert len(every) == GAUGES * len(RULES) * 2
        for wanted, quiet, park in product(states, [None, True, False], [None, "x"]):
            search = Search(states=wanted, quiet=quiet, park=park)
            found_ids = [
                each.id for each in alerts.page(conn, search, "raised_at", None, 1000)
            ]
            expected = [
                each.id
                for each in every
                if park is None and _is_wanted(each.state, why[str(each.id)], search)
            ]
            assert found_ids == expected
    kinds = {kind for each in why.values() for kind in each}
    assert len(kinds) == (4 if is_quiet else 0)
