"""Events, parts of messages, topic rules and message numbers on a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import pytest

from parkpulse.errors import NotFoundError
from parkpulse.model.routes import Route
from parkpulse.store import (
    events,
    fragments,
    registry,
    sequences,
    topic_rules,
    wire_states,
)
from parkpulse.store.events import EventRow
from parkpulse.store.fragments import Fragment
from parkpulse.store.pool import Database
from parkpulse.store.sequences import Numbered
from tests.integration import ingesting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugins.fix_api import Harbour, Site

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    opened.open()
    with opened.transaction() as conn:
        registry.apply(conn, ingesting.park())
    yield opened
    opened.close()


def _ids(database: Database) -> tuple[int, int]:
    with database.transaction() as conn:
        row = conn.execute(
            "select park_id, id from device where code = 'gauge'"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_an_event_is_stored_once(database: Database) -> None:
    park, device = _ids(database)
    text = EventRow(park, device, NOW, NOW, "text", {"text": "Q 1.234\0水"}, b"")
    picture = text._replace(kind="picture", detail={}, body=b"\xff\xd8")
    with database.transaction() as conn:
        assert events.put(conn, [text, picture, text]) == [True, True, False]
        assert events.put(conn, [picture]) == [False]
        found = events.page(conn, park, 10)
        (shown,) = events.page(conn, park, 10, kind="picture", device="gauge")
        by_kind = {event.kind: event for event in found}
        assert sorted(by_kind) == ["picture", "text"]
        assert by_kind["text"].detail == {"text": "Q 1.234\ufffd水"}
        assert events.body(conn, park, shown.id) == b"\xff\xd8"
        assert events.body(conn, park + 1, shown.id) is None


def test_parts_wait_in_order(database: Database) -> None:
    park, _ = _ids(database)

    def part(text: str, second: int) -> Fragment:
        payload = text.encode()
        at = NOW + timedelta(seconds=second)
        key = sha256(payload).digest()
        return Fragment(park, "gauge", at, "w", "demo/sl651", b"t", key, payload)

    with database.transaction() as conn:
        assert fragments.put(conn, [part("b", 2), part("a", 1)]) == [True, True]
        assert fragments.put(conn, [part("a", 5)]) == [False]
        assert fragments.devices(conn) == [(park, "gauge")]
        waiting = fragments.lock(conn, park, "gauge")
        assert [each.fragment.payload for each in waiting] == [b"a", b"b"]
        fragments.remove(conn, [waiting[0].id])
        (left,) = fragments.lock(conn, park, "gauge")
        assert left.fragment.payload == b"b"


def test_topic_rules(database: Database) -> None:
    rule = Route("tele/+/SENSOR", "demo", "profile:tasmota", 2, {"zone": "UTC"})
    with database.transaction() as conn:
        topic_rules.apply(conn, rule)
        topic_rules.apply(conn, rule._replace(format="senml"))
        assert topic_rules.load(conn) == [rule._replace(format="senml")]
        topic_rules.remove(conn, rule.filter)
        with pytest.raises(NotFoundError):
            topic_rules.remove(conn, rule.filter)
        with pytest.raises(NotFoundError):
            topic_rules.apply(conn, rule._replace(park="nowhere"))


def test_what_a_decoder_remembers(database: Database) -> None:
    with database.transaction() as conn:
        assert wire_states.load(conn) == {}
        wire_states.save(conn, "sparkplug", b"one")
        wire_states.save(conn, "sparkplug", b"two")
        assert wire_states.load(conn) == {"sparkplug": b"two"}


def _note_numbers(site: Site, device: str, *batches: list[int]) -> None:
    with site.lab.database.transaction() as conn:
        query = "select id, park_id from device where code = %s"
        row = conn.execute(query, [device]).fetchone()
        assert row is not None
        for numbers in batches:
            ids = np.full(len(numbers), row[0], np.int32)
            park = np.full(len(numbers), row[1], np.int64)
            numbered = Numbered(ids, np.array(numbers, np.int64))
            sequences.append(conn, "ingest-1", park, numbered)


def test_gaps_in_the_numbers_are_those_of_the_park(
    site: Site, harbour: Harbour
) -> None:
    del harbour
    with site.lab.database.transaction() as conn:
        registry.apply(conn, ingesting.park())
    _note_numbers(site, "level-1", [1, 2, 5], [4, 9])
    _note_numbers(site, "gauge", [1, 7])
    found = site.get("/ledger/gaps", park="harbour")
    assert (found["numbered"], found["missing"]) == (5, 4)
    assert found["items"] == [
        {"park": "harbour", "device": "level-1", "first": 3, "last": 3, "count": 1},
        {"park": "harbour", "device": "level-1", "first": 6, "last": 8, "count": 3},
    ]
    other = site.get("/ledger/gaps", park=ingesting.park().code)
    assert (other["numbered"], other["missing"]) == (2, 5)
    everything = site.get("/ledger/gaps")
    assert (everything["numbered"], everything["missing"]) == (7, 9)
    nothing = site.get("/ledger/gaps", park="nowhere")
    assert (nothing["numbered"], nothing["missing"], nothing["items"]) == (0, 0, [])


def test_numbers_of_one_park_are_read_without_all_others(
    site: Site, harbour: Harbour
) -> None:
    del harbour
    start, end = NOW - timedelta(days=3650), NOW + timedelta(days=3650)
    ours = site.lab.parks["harbour"]
    with site.lab.database.transaction() as conn:
        device = np.array([7, 8, 9, 7], np.int32)
        numbered = Numbered(device, np.array([1, 1, 1, 2], np.int64))
        other = ours + 1
        park = np.array([ours, other, other, ours], np.int64)
        sequences.append(conn, "ingest-1", park, numbered)
        conn.execute(
            "insert into sequence_log (writer, device, seq) values ('older', %b, %b)",
            [np.array([5], "<i4").tobytes(), np.array([3], "<i8").tobytes()],
        )
        own = sequences.read(conn, start, end, "harbour")
        assert sorted(own.device.tolist()) == [5, 7, 7]
        assert sorted(sequences.read(conn, start, end, None).device.tolist()) == [
            5,
            7,
            7,
            8,
            9,
        ]


def test_gaps_are_told_of_the_time_that_is_kept(site: Site, harbour: Harbour) -> None:
    del harbour
    _note_numbers(site, "level-1", [1, 3])
    found = site.get("/ledger/gaps", park="harbour", start="2020-01-01T00:00:00Z")
    asked, end = (datetime.fromisoformat(found[name]) for name in ("start", "end"))
    assert (found["missing"], end - asked) == (1, sequences.KEPT)
    for query in (
        {"end": "2020-01-02T00:00:00Z"},
        {"start": "2020-01-02T00:00:00Z", "end": "2020-01-01T00:00:00Z"},
    ):
        refused = site.problem("/ledger/gaps", 422, park="harbour", **query)
        codes = [each["code"] for each in refused["errors"]]
        assert codes == ["numbers_forgotten" if len(query) == 1 else "empty_period"]


def test_events_over_http(site: Site, harbour: Harbour) -> None:
    del harbour
    park = site.lab.parks["harbour"]
    with site.lab.database.transaction() as conn:
        row = conn.execute("select id from device where code = 'level-1'").fetchone()
        assert row is not None
        rows = [
            EventRow(park, row[0], NOW + timedelta(n), NOW, "text", {"n": n}, b"\0")
            for n in range(3)
        ]
        events.put(conn, rows)
    path = "/parks/harbour/events"
    first = site.get(path, limit=2)
    assert [item["detail"]["n"] for item in first["items"]] == [2, 1]
    rest = site.get(path, limit=2, cursor=first["next"])
    assert ([item["detail"]["n"] for item in rest["items"]], rest["next"]) == (
        [0],
        None,
    )
    answer = site.request("GET", f"/api/v1{path}/{rest['items'][0]['id']}/body")
    assert answer.content == b"\0"
    table = site.request("GET", f"/api/v1{path}?format=csv").text.splitlines()
    assert len(table) == 4


def test_pauses_over_http(site: Site, harbour: Harbour) -> None:
    del harbour
    assert site.get("/parks/harbour/pauses") == {"items": []}
    long = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-03T00:00:00Z"}
    assert site.problem("/parks/harbour/pauses", 422, **long)["errors"]
