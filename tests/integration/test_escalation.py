"""Escalation along a duty plan on a real TimescaleDB, through kills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest

from parkpulse.engine.life import LifeTicker
from parkpulse.errors import ConflictError, InvalidRequestError
from parkpulse.model import instants
from parkpulse.model.duty import Plan, Substitution
from parkpulse.query import alert_actions, duty
from parkpulse.query.alert_actions import By
from tests.plugins.alerting import PAGE, Bench, rule, seconds, us

if TYPE_CHECKING:
    from parkpulse.store.pool import Database


CHANNELS = ("duty", "li", "wang", "boss")


@pytest.fixture
def bench(database: Database) -> Bench:
    bench = Bench(database)
    bench.apply(rule())
    for name in CHANNELS:
        bench.add_channel(name=name)
    return bench


def plan(bench: Bench, **more: Any) -> None:  # noqa: ANN401
    document = {
        "people": [
            {"code": "li", "name": "李", "channels": ["li"]},
            {"code": "wang", "name": "王", "channels": ["wang"]},
        ],
        "rosters": [
            {
                "code": "room",
                "name": "值班室",
                "shifts": [
                    {
                        "person": "li",
                        "days": [1, 2, 3, 4, 5, 6, 7],
                        "start": "00:00",
                        "end": "00:00",
                    }
                ],
            }
        ],
        "policies": [
            {
                "code": "usual",
                "min_severity": "low",
                "steps": [
                    {"after_minutes": 0, "rosters": ["room"]},
                    {"after_minutes": 5, "people": ["wang"]},
                    {"after_minutes": 10, "channels": ["boss"]},
                ],
            }
        ],
        **more,
    }
    with bench.database.transaction() as conn:
        duty.put(conn, "harbour", msgspec.convert(document, Plan), "Li")


def tick(bench: Bench, at_s: float) -> None:
    bench.set_clock(at_s)
    LifeTicker(bench.database, bench.keeper, PAGE).step()


def told(bench: Bench) -> list[tuple[str, str]]:
    """Channel and type of all messages, in order."""
    with bench.database.transaction() as conn:
        rows = conn.execute(
            "select c.name, o.body::jsonb ->> 'type' from outbox o"
            " join channel c on c.id = o.channel_id order by o.alert_event_id, c.name"
        ).fetchall()
    return [(name, kind.removeprefix("alert.")) for name, kind in rows]


def steps(bench: Bench) -> list[float]:
    return [at for kind, at in bench.events() if kind == "escalated"]


def test_steps_are_taken_in_their_time_once(bench: Bench) -> None:
    plan(bench)
    bench.feed([(0, 1.5)])
    assert told(bench) == [("boss", "raised"), ("duty", "raised")]
    for at in (0, 0, 299, 300, 300.5, 599):
        tick(bench, at)
    assert told(bench)[2:] == [("li", "escalated"), ("wang", "escalated")]
    tick(bench, 10_000)
    tick(bench, 20_000)
    assert told(bench)[4:] == [("boss", "escalated")]
    assert steps(bench) == [0, 300, 600]
    bench.feed([(20_060, 0.5)])
    assert {name for name, kind in told(bench) if kind == "cleared"} == set(CHANNELS)


@pytest.mark.parametrize("how", ["acknowledge", "return", "shelve"])
def test_an_answer_stops_the_chain(bench: Bench, how: str) -> None:
    plan(bench)
    bench.feed([(0, 1.5)])
    tick(bench, 0)
    if how == "acknowledge":
        bench.acknowledge()
    elif how == "return":
        bench.feed([(10, 0.5)])
    else:
        with bench.database.transaction() as conn:
            alert = UUID(bench.alert().id)
            until = instants.from_us(us(3600))
            alert_actions.shelve(conn, alert, By("Li", "why"), until)
    tick(bench, 301)
    tick(bench, 1000)
    assert steps(bench) == [0]
    if how == "shelve":
        tick(bench, 3601)
        tick(bench, 3901)
        assert steps(bench) == [0, 3601, 3901]


def test_a_rise_in_severity_begins_anew(bench: Bench) -> None:
    plan(bench)
    bench.feed([(0, 1.5)])
    tick(bench, 0)
    bench.acknowledge()
    tick(bench, 1)
    bench.feed([(60, 2.5)])
    tick(bench, 60)
    assert steps(bench) == [0, 60]


def test_a_step_that_reaches_nobody_hands_on_at_once(bench: Bench) -> None:
    plan(
        bench,
        rosters=[{"code": "room", "name": "值班室"}],
    )
    bench.feed([(0, 1.5)])
    tick(bench, 0)
    assert [name for name, kind in told(bench) if kind == "escalated"] == ["wang"]
    assert len(steps(bench)) == 2


def test_the_plan_is_versioned_and_checked(bench: Bench) -> None:
    plan(bench)
    with bench.database.transaction() as conn:
        stored = duty.plan(conn, "harbour")
        assert (stored.version, stored.actor) == (1, "Li")
        at = instants.from_us(us(100))
        (post,) = duty.on_duty(conn, "harbour", at).posts
        assert [each.code for each in post.people] == ["li"]
    with bench.database.transaction() as conn:
        new = msgspec.convert(
            {"start": at, "end": instants.from_us(us(200)), "by": "wang"},
            Substitution,
        )
        stored = duty.substitute(conn, "harbour", "room", new, "Zhao")
        assert stored.version == 2
        (post,) = duty.on_duty(conn, "harbour", at).posts
        assert [each.code for each in post.people] == ["wang"]
    with pytest.raises(ConflictError), bench.database.transaction() as conn:
        duty.put(conn, "harbour", stored.plan, "Li", 1)
    strange = msgspec.convert(
        {"people": [{"code": "x", "name": "x", "channels": ["none"]}]}, Plan
    )
    with pytest.raises(InvalidRequestError), bench.database.transaction() as conn:
        duty.put(conn, "harbour", strange, "Li")
    assert seconds(at) == 100


def test_a_return_between_two_ticks_begins_anew(bench: Bench) -> None:
    plan(bench)
    bench.feed([(0, 1.5)])
    for at in (0, 300, 600):
        tick(bench, at)
    bench.feed([(610, 0.5), (620, 1.5)])
    tick(bench, 620)
    assert steps(bench) == [0, 300, 600, 620]
