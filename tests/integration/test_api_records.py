"""Alerts, ledger, quarantine and readiness over HTTP, on a real TimescaleDB."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from uuid_utils import compat

from parkpulse.store import ledger, processes, quarantine, workers
from parkpulse.store.ledger import Counts
from parkpulse.store.quarantine import Entry
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    import httpx

    from tests.plugins.fix_api import Harbour, Site

COUNTS = Counts(
    received=10,
    stored=7,
    duplicate=1,
    quarantined=2,
    values_stored=20,
    values_corrected=1,
    values_refused=3,
)
DAY = "2026-01-02T00:00:00Z"
HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def acknowledge(site: Site, alert: object, **body: object) -> httpx.Response:
    return site.request("POST", f"/api/v1/alerts/{alert}/acknowledge", json=body)


def test_an_alert_is_acknowledged_once(site: Site, harbour: Harbour) -> None:
    row = site.raise_alert(harbour["level-1", "water_level"])
    (alert,) = site.items("/parks/harbour/alerts")
    assert alert["id"] == str(row.id)
    assert (alert["value"], alert["limit"], alert["direction"]) == (1.25, 1.2, "above")
    assert alert["level"] == {"zh": "警戒水位", "en": "warning stage"}
    assert site.get("/parks/harbour")["alerts"]["medium"] == 1

    stale = acknowledge(site, row.id, actor="Li", version=row.version + 5)
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    done = acknowledge(site, row.id, actor=" Li ", comment="on my way", version=1)
    assert done.status_code == 200, done.text
    assert done.json()["state"] == "acknowledged"
    assert done.json()["acknowledged_by"] == "Li"
    again = acknowledge(site, row.id, actor="Wang")
    assert (again.status_code, again.json()["code"]) == (409, "illegal_transition")
    assert again.headers["content-type"] == "application/problem+json"

    detail = site.get(f"/alerts/{row.id}")
    assert [event["kind"] for event in detail["events"]] == ["raised", "acknowledged"]
    assert detail["events"][1]["actor"] == "Li"
    assert detail["events"][1]["detail"] == {"comment": "on my way"}
    assert detail["deliveries"] == []


def test_who_acknowledges_must_be_said(site: Site, harbour: Harbour) -> None:
    row = site.raise_alert(harbour["level-1", "water_level"])
    answer = acknowledge(site, row.id, actor="   ")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/actor"
    assert acknowledge(site, uuid4(), actor="Li").status_code == 404
    assert acknowledge(site, "not-an-id", actor="Li").status_code == 422


def test_alerts_by_filter(site: Site, harbour: Harbour) -> None:
    first = site.raise_alert(harbour["level-1", "water_level"], "level-1")
    second = site.raise_alert(harbour["level-2", "water_level"], "level-2")
    site.change_alert(second, "cleared", state="normal", severity="high")

    def ids(**query: Any) -> list[str]:  # noqa: ANN401
        return [each["id"] for each in site.items("/parks/harbour/alerts", **query)]

    both = {str(first.id), str(second.id)}
    assert ids() == ids(state="active") == [str(first.id)]
    assert set(ids(state="all")) == both
    assert ids(state="normal") == [str(second.id)]
    assert set(ids(state=["active", "normal"])) == both
    assert ids(state="all", severity="high") == [str(second.id)]
    assert ids(state="all", sort="-severity")[0] == str(second.id)
    assert ids(state="all", q="LEVEL-2") == [str(second.id)]
    assert ids(retroactive=True) == []
    assert ids(since="2199-01-01T00:00:00Z") == []
    found = site.get("/parks/harbour/alerts", state="all", limit=1)
    rest = site.get("/parks/harbour/alerts", state="all", cursor=found["next"])
    assert {found["items"][0]["id"], rest["items"][0]["id"]} == both
    assert rest["next"] is None
    query = {"cursor": found["next"], "sort": "severity"}
    wrong = site.problem("/parks/harbour/alerts", 422, **query)
    assert wrong["errors"][0]["code"] == "invalid_cursor"

    query = {"format": "csv", "state": "all", "sort": "raised_at"}
    answer = site.request("GET", "/api/v1/parks/harbour/alerts", params=query)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["id"] for row in rows} == both
    assert {row["device_name_en"] for row in rows} == {""}


@pytest.fixture
def booked(site: Site) -> None:
    """Something in the ledger of now and of long ago."""
    with site.lab.database.transaction() as conn:
        counts = {
            (HOUR, "harbour/native"): COUNTS,
            (HOUR, "other/native"): replace(COUNTS, received=11),
            (HOUR - timedelta(days=60), "harbour/native"): COUNTS,
        }
        ledger.add(conn, "ingest-1", counts)
        ledger.add(conn, "ingest-2", {(HOUR, "harbour/native"): COUNTS})


@pytest.mark.usefixtures("booked")
def test_the_ledger(site: Site) -> None:
    found = site.get("/ledger", park="harbour")
    (hour,) = found["items"]
    assert hour == {
        "hour": HOUR.isoformat().replace("+00:00", "Z"),
        "source": "harbour/native",
        "received": 20,
        "stored": 14,
        "duplicate": 2,
        "quarantined": 4,
        "dropped_by_broker": 0,
        "values": {"stored": 40, "duplicate": 0, "corrected": 2, "refused": 6},
    }
    assert found["totals"]["received"] == 20
    assert found["balanced"] is True
    assert site.get("/ledger")["balanced"] is False
    assert site.get("/ledger", park="nowhere")["items"] == []
    start = (HOUR - timedelta(days=61)).isoformat()
    assert site.get("/ledger", park="harbour", start=start)["totals"]["received"] == 30
    end = (HOUR - timedelta(days=59)).isoformat()
    past = site.get("/ledger", park="harbour", start=start, end=end)
    assert past["totals"]["received"] == 10

    answer = site.request("GET", "/api/v1/ledger", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["source"] for row in rows] == ["harbour/native", "other/native"]
    assert rows[0]["values_refused"] == "6"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (
            {"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
            "empty_period",
        ),
        ({"start": "2020-01-02T00:00:00Z"}, "period_too_long"),
        ({"start": "2026-01-02T00:00:00"}, "not_a_time"),
    ],
)
def test_a_ledger_of_no_use(site: Site, query: dict[str, str], code: str) -> None:
    assert site.problem("/ledger", 422, **query)["errors"][0]["code"] == code


@pytest.mark.usefixtures("harbour")
def test_the_last_minute(site: Site) -> None:
    with site.lab.database.transaction() as conn:
        ledger.add(conn, "ingest-1", {(HOUR, "harbour/native"): COUNTS})
    wait_until(
        lambda: site.get("/ledger", park="harbour")["last_minute"]["messages"] > 0
    )
    found = site.get("/ledger", park="harbour")["last_minute"]
    assert found == {"messages": 10, "values": 21}
    with site.stream("harbour") as stream:
        flow = stream.next("flow").data
    assert flow == {
        "messages_last_minute": 10,
        "values_last_minute": 21,
        "received": 10,
        "stored": 7,
        "duplicate": 1,
        "quarantined": 2,
        "balanced": True,
    }


def entry(raw: bytes, at: datetime, park: str | None = "harbour") -> Entry:
    return Entry(
        id=compat.uuid7(),
        at=at,
        writer="ingest-1",
        source=f"{park or '?'}/native",
        park=park,
        device="level-1" if park else None,
        format="native",
        topic=b"parkpulse/v1/\xff/telemetry",
        reason="not_json" if park else "unknown_park",
        detail="=not json",
        raw=raw,
        length=len(raw) + 1,
        sha256=sha256(raw).digest(),
        is_whole=True,
        refused=0,
    )


def test_the_quarantine(site: Site) -> None:
    entries = [
        entry(b"{oops", HOUR),
        entry(b"\xff\xfe", HOUR + timedelta(seconds=1)),
        entry("雨量".encode(), HOUR + timedelta(seconds=2), None),
    ]
    with site.lab.database.transaction() as conn:
        quarantine.put(conn, entries)

    def ids(**query: Any) -> list[str]:  # noqa: ANN401
        return [each["id"] for each in site.items("/quarantine", **query)]

    broken, binary, stray = (str(each.id) for each in entries)
    assert ids() == [stray, binary, broken]
    assert ids(park="harbour", reason="not_json") == [binary, broken]
    assert ids(state="replayed") == []
    assert ids(since=(HOUR + timedelta(seconds=2)).isoformat()) == [stray]
    first = site.get("/quarantine", limit=2)
    assert ids(cursor=first["next"]) == [broken]
    assert first["items"][1]["topic"] == "parkpulse/v1/\\xff/telemetry"
    assert "raw" not in first["items"][0]
    detail = site.get(f"/quarantine/{broken}")
    assert (detail["raw"], detail["raw_encoding"]) == ("{oops", "text")
    assert detail["truncated"] is True
    assert detail["sha256"] == sha256(b"{oops").hexdigest()
    assert site.get(f"/quarantine/{binary}")["raw"] == "//4="
    assert site.get(f"/quarantine/{stray}")["raw"] == "雨量"
    assert site.problem(f"/quarantine/{uuid4()}", 404)["code"] == "not_found"

    answer = site.request("GET", "/api/v1/quarantine", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["id"] for row in rows] == [stray, binary, broken]
    assert rows[0]["detail"] == "'=not json"


def test_ready_part_by_part(site: Site) -> None:
    found = site.get("/ready")
    states = {part["name"]: part["status"] for part in found["parts"]}
    assert states == {
        "database": "ok",
        "live": "ok",
        "broker": "degraded",
        "ingest": "degraded",
        "engine": "ok",
        "notify": "degraded",
        "batch_log": "ok",
        "outbox": "ok",
    }
    assert found["status"] == "degraded"
    run = uuid4()
    with site.lab.database.transaction() as conn:
        workers.start(conn, "ingest-1", run)
        processes.sign(conn, "notify", "notify")
        assert workers.report(conn, "ingest-1", run, 0, is_connected=True)
    assert site.get("/ready")["status"] == "ready"
    chinese = {"Accept-Language": "zh"}
    told = site.request("GET", "/api/v1/ready", headers=chinese).json()
    assert told["parts"][0]["detail"] == "数据库可用。"


def test_unready_without_database(site: Site) -> None:
    site.lab.database.close()
    answer = site.request("GET", "/api/v1/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unready"
    assert answer.json()["parts"][0]["status"] == "failed"
    assert site.get("/health")["status"] == "alive"
