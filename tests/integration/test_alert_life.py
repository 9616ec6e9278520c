"""Shelving, service, suppression and maintenance on a real TimescaleDB."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from parkpulse.engine.life import LifeTicker
from parkpulse.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidRequestError,
    NotFoundError,
)
from parkpulse.model import instants
from parkpulse.model.rule import Level, RuleSpec, Threshold
from parkpulse.query import alert_actions, alerts, maintenance
from parkpulse.query.alert_actions import By
from parkpulse.store import quiet
from parkpulse.store.alerts import Search
from tests.plugins.alerting import PAGE, Bench, rule, us

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.model.alert import Alert
    from parkpulse.store.pool import Database

LI = By("Li", "pump is being changed")


@pytest.fixture
def bench(database: Database) -> Bench:
    bench = Bench(database)
    bench.apply(rule())
    bench.add_channel()
    return bench


def moment(at_s: float) -> datetime:
    return instants.from_us(us(at_s))


def tick(bench: Bench, at_s: float | None = None) -> None:
    if at_s is not None:
        bench.set_clock(at_s)
    LifeTicker(bench.database, bench.keeper, PAGE).step()


def current(bench: Bench) -> UUID:
    return UUID(bench.alerts()[-1].id)


def shelve(bench: Bench, until_s: float, by: By = LI) -> Alert:
    with bench.database.transaction() as conn:
        return alert_actions.shelve(conn, current(bench), by, moment(until_s))


def test_a_shelved_alert_goes_on_in_silence_and_calls_when_its_time_is_over(
    bench: Bench,
) -> None:
    bench.feed([(0, 1.5)])
    alert = shelve(bench, 300)
    assert (alert.state, alert.version) == ("shelved", 1)
    assert alert.quiet is not None
    assert (alert.quiet.actor, alert.quiet.reason) == ("Li", LI.comment)
    bench.feed([(60, 2.5), (120, 0.5), (180, 1.5)])
    assert bench.messages() == ["alert.raised"]
    tick(bench, 299)
    assert bench.alert().state == "shelved"
    assert bench.intervals() == [(0, 0, 120), (180, 180, None)]
    tick(bench, 300)
    tick(bench)
    assert bench.alert().state == "unacknowledged"
    assert bench.alert().quiet is None
    assert bench.messages() == ["alert.raised", "alert.raised"]
    assert bench.events()[-1] == ("unshelved", 300)
    assert bench.events(kinds=True).count("unshelved") == 1


def test_what_ended_on_the_shelf_is_over_with_it(bench: Bench) -> None:
    bench.feed([(0, 1.5)])
    shelve(bench, 300)
    bench.feed([(60, 0.5)])
    assert bench.alert().state == "shelved"
    with bench.database.transaction() as conn:
        alert = alert_actions.unshelve(conn, current(bench), By("Wang"), PAGE)
    assert (alert.state, alert.quiet) == ("normal", None)
    assert bench.messages() == ["alert.raised", "alert.cleared"]
    bench.feed([(120, 1.5)])
    assert bench.messages()[-1] == "alert.raised"
    assert len(bench.alerts()) == 2


def test_the_shelf_also_holds_for_the_alert_that_follows(bench: Bench) -> None:
    bench.feed([(0, 1.5)])
    bench.acknowledge()
    shelve(bench, 300)
    bench.feed([(60, 0.5), (120, 1.5)])
    tick(bench)
    first, second = bench.alerts()
    assert (first.state, second.state) == ("normal", "shelved")
    tick(bench, 301)
    assert bench.alerts()[1].state == "unacknowledged"
    assert bench.messages().count("alert.raised") == 2


def test_who_shelves_says_why_and_until_when(bench: Bench) -> None:
    bench.feed([(0, 1.5)])
    for by, until in [(By("Li"), 60), (By(" ", "x"), 60), (LI, 0), (LI, 40 * 86400)]:
        with pytest.raises(InvalidRequestError):
            shelve(bench, until, by)
    with pytest.raises(ConflictError):
        shelve(bench, 60, LI._replace(version=7))
    bench.feed([(60, 0.5)])
    bench.acknowledge()
    with pytest.raises(IllegalTransitionError):
        shelve(bench, 120)


def test_out_of_service_lasts_until_it_is_put_back(bench: Bench) -> None:
    bench.feed([(0, 1.5)])
    shelve(bench, 60)
    with bench.database.transaction() as conn:
        alert = alert_actions.take_out_of_service(conn, current(bench), LI)
    assert alert.state == "out_of_service"
    tick(bench, 86400)
    with pytest.raises(IllegalTransitionError):
        bench.acknowledge()
    with pytest.raises(IllegalTransitionError):
        shelve(bench, 86460)
    with bench.database.transaction() as conn:
        alert = alert_actions.return_to_service(conn, current(bench), By("Li"), PAGE)
    assert alert.state == "unacknowledged"
    kinds = ["raised", "shelved", "out_of_service", "in_service"]
    assert bench.events(kinds=True) == kinds
    assert bench.messages() == ["alert.raised", "alert.raised"]


def test_assignee_and_comments_are_history(bench: Bench) -> None:
    bench.feed([(0, 1.5)])
    with bench.database.transaction() as conn:
        alert_actions.assign(conn, current(bench), By("Li"), "Wang")
        alert = alert_actions.comment(conn, current(bench), By("Wang", "on my way"))
    assert (alert.assignee, alert.version) == ("Wang", 2)
    bench.feed([(60, 2.5)])
    assert bench.alert().assignee == "Wang"
    with bench.database.transaction() as conn:
        history = alerts.detail(conn, current(bench)).events
        found = alerts.listed(conn, Search(assignee="Wang"))
        nobody = alerts.listed(conn, Search(assignee=""))
    assert [each.kind for each in history] == [
        "raised",
        "assigned",
        "commented",
        "severity",
    ]
    assert history[1].detail == {"assignee": "Wang", "was": None}
    assert history[2].detail == {"comment": "on my way"}
    assert (len(found.items), len(nobody.items)) == (1, 0)
    with pytest.raises(InvalidRequestError), bench.database.transaction() as conn:
        alert_actions.comment(conn, current(bench), By("Wang", "  "))


def test_several_are_acknowledged_at_once(bench: Bench) -> None:
    bench.feed([(0, 1.5)])
    bench.feed([(1, 1.5)], gauge=2)
    first, second = (UUID(each.id) for each in bench.alerts())
    stranger = UUID(int=7)
    with bench.database.transaction() as conn:
        alerts.acknowledge(conn, first, "Li", page_url=PAGE)
        done = alert_actions.acknowledge_many(
            conn, [second, first, stranger, second], By("Wang", "seen"), PAGE
        )
    codes = {each.id: each.code for each in done}
    assert codes == {
        first: "illegal_transition",
        second: None,
        stranger: "not_found",
    }
    assert {each.state for each in bench.alerts()} == {"acknowledged"}


def window(bench: Bench, start_s: float, end_s: float, **scope: str) -> int:
    with bench.database.transaction() as conn:
        made = maintenance.add(
            conn,
            "harbour",
            maintenance.Asked(
                start=moment(start_s),
                end=moment(end_s),
                reason="test of the pumps",
                by="Li",
                **scope,
            ),
        )
    return made.id


@pytest.mark.parametrize(
    "scope",
    [{}, {"place": "river"}, {"device": "gauge-01"}, {"rule": "level"}],
    ids=["park", "place", "device", "rule"],
)
def test_a_window_records_and_calls_at_its_end(
    bench: Bench, scope: dict[str, str]
) -> None:
    window(bench, 0, 100, **scope)
    bench.feed([(10, 1.5), (20, 2.5)])
    tick(bench)
    assert bench.messages() == []
    alert = bench.alert()
    assert alert.state == "unacknowledged"
    assert alert.quiet is not None
    assert alert.quiet.kind == "maintenance"
    assert bench.events(kinds=True) == ["raised", "severity", "suppressed"]
    tick(bench, 99)
    assert bench.messages() == []
    tick(bench, 100)
    tick(bench, 101)
    assert bench.messages() == ["alert.raised"]
    assert bench.events(kinds=True)[3:] == ["unsuppressed"]


def test_a_window_of_another_part_silences_nobody(bench: Bench) -> None:
    window(bench, 0, 100, device="gauge-02")
    window(bench, 50, 100)
    bench.feed([(10, 1.5)])
    assert bench.messages() == ["alert.raised"]


def test_what_was_over_within_a_window_calls_nobody(bench: Bench) -> None:
    window(bench, 0, 100)
    bench.feed([(10, 1.5), (20, 0.5)])
    tick(bench, 100)
    assert bench.messages() == []


def test_a_window_can_end_early(bench: Bench) -> None:
    made = window(bench, 0, 1000)
    bench.feed([(10, 1.5)])
    with bench.database.transaction() as conn:
        ended = maintenance.end(conn, "harbour", made, "Wang")
    assert (ended.ended_by, ended.end) == ("Wang", moment(10))
    tick(bench)
    assert bench.messages() == ["alert.raised"]


def test_windows_that_cannot_be(bench: Bench) -> None:
    with pytest.raises(InvalidRequestError):
        window(bench, 10, 10)
    for scope in ({"device": "x"}, {"place": "x"}, {"rule": "x"}):
        with pytest.raises(InvalidRequestError):
            window(bench, 0, 10, **scope)
    with pytest.raises(NotFoundError), bench.database.transaction() as conn:
        maintenance.end(conn, "harbour", 4711, "Li")
    with pytest.raises(InvalidRequestError):
        window(bench, 0, timedelta(days=400).total_seconds())


def cause() -> RuleSpec:
    return RuleSpec(
        code="flood",
        name=Bench.name("Flood"),
        source="test",
        definition=Threshold(
            metric="water_level", direction="above", levels=[Level("critical", 5.0)]
        ),
    )


def test_an_alert_is_suppressed_by_its_cause(bench: Bench) -> None:
    bench.apply(cause())
    with bench.database.transaction() as conn:
        rest = ("place", "one cause", "Li")
        quiet.put_suppression(conn, "harbour", "level", "flood", rest)
    bench.feed([(0, 6.0)], gauge=1)
    bench.feed([(10, 1.5)], gauge=2)
    tick(bench)
    states = {(each.rule.code, each.device): each.state for each in bench.alerts()}
    assert states["level", "gauge-02"] == "suppressed_by_design"
    assert states["flood", "gauge-01"] == "unacknowledged"
    with bench.database.transaction() as conn:
        search = Search(states=["suppressed_by_design"], device="gauge-02")
        assert len(alerts.listed(conn, search).items) == 1
        assert len(alerts.listed(conn, Search(quiet=False)).items) == 1
    bench.feed([(20, 0.5)], gauge=1)
    tick(bench)
    found = {(each.rule.code, each.device): each for each in bench.alerts()}
    assert found["level", "gauge-02"].state == "unacknowledged"
    assert bench.messages()[-1] == "alert.raised"
