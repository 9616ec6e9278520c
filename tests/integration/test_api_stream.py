"""Live events of a park over a real connection."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from api import hub
from parkpulse.errors import StoreUnavailableError
from parkpulse.model import instants
from tests.plugins.fix_engine import NOW
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_api import Harbour, Site

MINUTE_MS = 60_000
NOW_MS = instants.to_us(NOW) // 1000


def test_a_snapshot_then_what_changes(site: Site, harbour: Harbour) -> None:
    level = harbour["level-1", "water_level"]
    with site.stream("harbour") as stream:
        snapshot = stream.next("snapshot", "values").data
        assert snapshot["now"] == "2026-03-10T12:00:00Z"
        assert [level, NOW_MS - MINUTE_MS, 1.25, 2, False] in snapshot["latest"]
        assert len(snapshot["latest"]) == 3
        assert snapshot["alerts"] == []
        assert snapshot["flow"]["balanced"] is True
        site.lab.put([(level, instants.to_us(NOW), 1.5)], "harbour")
        values = stream.next("values").data
        assert values == {
            "now": "2026-03-10T12:00:00Z",
            "values": [[level, NOW_MS, 1.5, 2]],
        }
        assert stream.next("flow").data["received"] == 0
        assert stream.ids == sorted(set(stream.ids))


def test_an_older_reading_is_no_news(site: Site, harbour: Harbour) -> None:
    level, other = harbour["level-1", "water_level"], harbour["level-2", "water_level"]
    with site.stream("harbour") as stream:
        stream.next("snapshot")
        site.lab.put([(level, instants.to_us(NOW) - instants.DAY, 9.0)], "harbour")
        site.lab.put([(other, instants.to_us(NOW), 3.0)], "harbour")
        told: list[list[float]] = []
        while [other, NOW_MS, 3.0, 2] not in told:
            told += stream.next("values").data["values"]
        assert 9.0 not in [value for _, _, value, _ in told]


def test_an_alert_and_its_changes(site: Site, harbour: Harbour) -> None:
    level = harbour["level-1", "water_level"]
    with site.stream("harbour") as stream:
        stream.next("snapshot")
        row = site.raise_alert(level)
        raised = stream.next("alert").data
        detail = site.get(f"/alerts/{row.id}")
        assert {key: detail[key] for key in raised} == raised
        assert raised["id"] == str(row.id)
        assert raised["state"] == "unacknowledged"
        assert raised["rule"]["name"]["zh"] == "水位"
        site.change_alert(row, "cleared", state="returned_unacknowledged")
        assert stream.next("alert").data["state"] == "returned_unacknowledged"
    with site.stream("harbour") as stream:
        (active,) = stream.next("snapshot").data["alerts"]
        assert active["id"] == str(row.id)


def test_who_looks_at_an_alert_gets_its_device_s_values(
    site: Site, harbour: Harbour
) -> None:
    level, other = harbour["level-1", "water_level"], harbour["level-2", "water_level"]
    mine = site.raise_alert(level)
    with site.lab.database.transaction() as conn:
        conn.execute(
            "update alert set device_id = (select device_id from series where id = %s)",
            [level],
        )
    with site.stream("harbour", f"?alert={mine.id}") as stream:
        snapshot = stream.next("snapshot").data
        assert [row[0] for row in snapshot["latest"]] == [level]
        assert [each["id"] for each in snapshot["alerts"]] == [str(mine.id)]
        site.lab.put([(other, instants.to_us(NOW), 3.0)], "harbour")
        site.lab.put([(level, instants.to_us(NOW), 1.5)], "harbour")
        assert stream.next("values").data["values"] == [[level, NOW_MS, 1.5, 2]]
        site.change_alert(mine, "cleared", state="returned_unacknowledged")
        assert stream.next("alert").data["state"] == "returned_unacknowledged"
        assert stream.ids == sorted(set(stream.ids))
    unknown = "00000000-0000-7000-8000-000000000000"
    assert site.problem("/parks/harbour/stream", 404, alert=unknown)


def test_who_comes_back_is_told_what_was_missed(site: Site, harbour: Harbour) -> None:
    level = harbour["level-1", "water_level"]
    with site.stream("harbour") as stream:
        last = stream.next("snapshot").id
    row = site.raise_alert(level)
    site.change_alert(row, "cleared", state="normal")
    site.stop()
    site.start()
    with site.stream("harbour", **{"Last-Event-ID": str(last)}) as stream:
        missed = stream.next("alert", "snapshot")
        assert missed.kind == "alert"
        assert missed.data["state"] == "normal"
        snapshot = stream.next("alert", "snapshot")
        assert snapshot.kind == "snapshot"
        assert snapshot.data["alerts"] == []
        assert last < missed.id < snapshot.id


def test_a_senseless_last_id_is_a_new_client(site: Site, harbour: Harbour) -> None:
    site.raise_alert(harbour["level-1", "water_level"])
    for last in ("-1", "x", "", "1e3", b"\xb2"):
        with site.stream("harbour", **{"Last-Event-ID": last}) as stream:
            assert stream.next("alert", "snapshot").kind == "snapshot"
    with site.stream("harbour", **{"Last-Event-ID": "9" * 40}) as stream:
        assert stream.next("alert", "snapshot").kind == "alert"
        assert stream.next("alert", "snapshot").kind == "snapshot"


@pytest.mark.usefixtures("harbour")
def test_streams_end_with_the_service(site: Site) -> None:
    with site.stream("harbour") as stream:
        stream.next("snapshot")
        site.stop()
        assert "event: snapshot" not in stream.rest()
    site.start()


def test_the_stream_survives_a_lost_database(site: Site, harbour: Harbour) -> None:
    level = harbour["level-1", "water_level"]
    with site.stream("harbour") as stream:
        stream.next("snapshot")
        _cut_connections(site)
        wait_until(lambda: not site.context.follower.is_following)
        wait_until(lambda: site.context.follower.is_following)
        row = site.raise_alert(level)
        assert stream.next("alert").data["id"] == str(row.id)


def _cut_connections(site: Site) -> None:
    with (
        contextlib.suppress(StoreUnavailableError),
        site.lab.database.transaction() as conn,
    ):
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )


def test_a_gap_in_the_batch_log_is_read_from_the_readings(
    site: Site, harbour: Harbour
) -> None:
    level = harbour["level-1", "water_level"]
    with site.stream("harbour") as stream:
        stream.next("snapshot")
        with site.lab.database.transaction() as conn:
            # Pruned in the same instant, as after a long absence.
            conn.execute("update batch_counter set n = n + 5")
        site.lab.put([(level, instants.to_us(NOW), 1.5)], "harbour")
        assert stream.next("values").data["values"] == [[level, NOW_MS, 1.5, 2]]


def test_only_so_many_streams(
    site: Site, harbour: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert harbour
    monkeypatch.setattr(hub, "CLIENTS", 1)
    with site.stream("harbour") as stream:
        stream.next("snapshot")
        found = site.problem("/parks/harbour/stream", 503)
        assert found["code"] == "too_many_streams"
    wait_until(lambda: not site.context.hub.watched())
    with site.stream("harbour") as stream:
        stream.next("snapshot")


def test_one_address_takes_not_all_streams(
    site: Site, harbour: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert harbour
    monkeypatch.setattr(hub, "OF_ONE", 1)
    with site.stream("harbour") as stream:
        stream.next("snapshot")
        found = site.problem("/parks/harbour/stream", 429)
        assert found["code"] == "too_many_of_one"
        assert "close those that nobody reads" in found["detail"]
    wait_until(lambda: not site.context.hub.watched())
    with site.stream("harbour") as stream:
        stream.next("snapshot")


def test_a_stream_of_an_unknown_park(site: Site) -> None:
    assert site.problem("/parks/nowhere/stream", 404)["code"] == "not_found"
