"""Every query of every dashboard, as the read-only role, on simulated data."""

from __future__ import annotations

import itertools
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import psycopg
import pytest

from dashboards.grafana import documents
from dashboards.grafana.words import LANGUAGES
from parkpulse.store import pool, reader
from tests.integration import grafana_data
from tests.integration.grafana_macros import Shown, expand
from tests.plugins import fix_services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboards.grafana.documents import Document
    from tests.plugins.fix_services import DatabaseServer

_NUMERIC = {"int2", "int4", "int8", "float4", "float8", "numeric"}
_DAYS = {"h": 1 / 24, "d": 1, "y": 365}
_YEAR = 365.0


class Asked(NamedTuple):
    """A query as a test case."""

    board: str
    panel: str
    kind: str
    ref: str
    form: str
    sql: str


class Answer(NamedTuple):
    columns: dict[str, str]
    rows: list[tuple[Any, ...]]


def _boards() -> dict[tuple[str, str], Document]:
    return {
        (language, code): document
        for language in LANGUAGES
        for code, document in documents.documents(documents.PAGE, language).items()
    }


BOARDS = _boards()


def _targets(language: str) -> list[Asked]:
    return [
        Asked(code, panel["title"], panel["type"], *_fields(target))
        for (each, code), document in BOARDS.items()
        if each == language
        for panel in document["panels"]
        for target in panel["targets"]
    ]


def _fields(target: dict[str, Any]) -> tuple[str, str, str]:
    return target["refId"], target["format"], target["rawSql"]


class Reader:
    """Asks as Grafana does: as the role, with what a person has chosen."""

    def __init__(self, url: str, seeded: grafana_data.Seeded) -> None:
        self.seeded = seeded
        self.connection = psycopg.connect(url, autocommit=True)
        self.kinds = {
            row[0]: row[1]
            for row in self.connection.execute("select oid, typname from pg_type")
        }

    def shown(self, chosen: dict[str, list[str]], days: float = 2) -> Shown:
        start = self.seeded.end - timedelta(days=days)
        return Shown(start, self.seeded.end, chosen=chosen)

    def ask(self, sql: str, shown: Shown) -> Answer:
        cursor = self.connection.execute(expand(sql, shown).encode())
        names = {
            each.name: self.kinds[each.type_code] for each in cursor.description or ()
        }
        return Answer(names, cursor.fetchall())

    def choose(self, document: Document) -> dict[str, list[str]]:
        """Choose everything that each variable offers, in their order."""
        chosen: dict[str, list[str]] = {}
        for variable in document["templating"]["list"]:
            if variable["type"] == "constant":
                continue
            answer = self.ask(variable["query"], self.shown(chosen))
            assert list(answer.columns) == ["__text", "__value"]
            assert answer.rows, variable["name"]
            values = [row[1] for row in answer.rows]
            chosen[variable["name"]] = values if variable["multi"] else values[:1]
        return chosen


@pytest.fixture(scope="module")
def seeded(
    database_server: DatabaseServer, _migrated_template: str
) -> Iterator[grafana_data.Seeded]:
    for url in fix_services._lent(database_server, _migrated_template):
        yield grafana_data.seed(url)


@pytest.fixture(scope="module")
def role_url(database_server: DatabaseServer, seeded: grafana_data.Seeded) -> str:
    password = secrets.token_urlsafe(24)
    name = urlsplit(seeded.url).path.removeprefix("/test_")[:20]
    with pool.connect(database_server.superuser_url) as admin:
        assert reader.make(admin, f"grafana_{name}", password)
    with pool.connect(seeded.url) as own:
        reader.grant(own, f"grafana_{name}")
    parts = urlsplit(seeded.url)
    return f"postgresql://grafana_{name}:{password}@{parts.hostname}:{parts.port}{parts.path}"


@pytest.fixture(scope="module")
def grafana(role_url: str, seeded: grafana_data.Seeded) -> Iterator[Reader]:
    found = Reader(role_url, seeded)
    yield found
    found.connection.close()


@pytest.fixture(scope="module")
def chosen(grafana: Reader) -> dict[str, dict[str, list[str]]]:
    return {code: grafana.choose(BOARDS["zh", code]) for _, code in BOARDS}


def _check(asked: Asked, answer: Answer) -> None:
    numeric = [name for name, kind in answer.columns.items() if kind in _NUMERIC]
    if asked.kind in {"timeseries", "state-timeline"}:
        assert answer.columns["time"] == "timestamptz"
        assert answer.columns["metric"] == "text"
        assert "value" in numeric
        times = [row[list(answer.columns).index("time")] for row in answer.rows]
        assert all(early <= late for early, late in itertools.pairwise(times))
    elif asked.kind in {"stat", "bargauge"}:
        assert numeric
    else:
        assert asked.kind == "table"


def _days(code: str) -> float:
    """How far a dashboard looks back at first. [d]."""
    span = BOARDS["en", code]["time"]["from"].removeprefix("now-")
    return int(span[:-1]) * _DAYS[span[-1]]


@pytest.mark.parametrize(
    "asked",
    [each for language in LANGUAGES for each in _targets(language)],
    ids=lambda each: f"{each.board}-{each.panel}-{each.ref}",
)
def test_a_query_gives_what_its_panel_needs(
    asked: Asked, grafana: Reader, chosen: dict[str, dict[str, list[str]]]
) -> None:
    for days in (_days(asked.board), _YEAR):
        answer = grafana.ask(asked.sql, grafana.shown(chosen[asked.board], days))
        _check(asked, answer)
        assert answer.rows, f"over {days} days"


_ANNOTATED = [key for key in BOARDS if "list" in BOARDS[key]["annotations"]]


@pytest.mark.parametrize("key", _ANNOTATED, ids="-".join)
def test_annotations_are_alerts_with_both_ends(
    key: tuple[str, str], grafana: Reader, chosen: dict[str, dict[str, list[str]]]
) -> None:
    for each in BOARDS[key]["annotations"]["list"]:
        sql = each["target"]["rawSql"]
        answer = grafana.ask(sql, grafana.shown(chosen[key[1]]))
        assert answer.columns == {
            "time": "timestamptz",
            "timeend": "timestamptz",
            "text": "text",
            "tags": "text",
        }
        assert answer.rows


def test_columns_that_a_table_names_are_there(
    grafana: Reader, chosen: dict[str, dict[str, list[str]]]
) -> None:
    checked = 0
    for (_, code), document in BOARDS.items():
        for panel in document["panels"]:
            if panel["type"] not in {"table", "stat"}:
                continue
            sql = panel["targets"][0]["rawSql"]
            answer = grafana.ask(sql, grafana.shown(chosen[code]))
            named = {
                each["matcher"]["options"]
                for each in panel["fieldConfig"]["overrides"]
                if each["matcher"]["id"] == "byName"
            }
            shown = set(answer.columns)
            if panel["type"] == "stat":
                shown -= {"name"}
            assert named == shown, panel["title"]
            checked += len(named)
    assert checked > 100


def test_a_quote_in_what_is_chosen_ends_no_text(grafana: Reader) -> None:
    document = BOARDS["en", "overview"]
    bad = {"park": ["x'; select pg_sleep(9); --"]}
    for panel in document["panels"]:
        for target in panel["targets"]:
            grafana.ask(target["rawSql"], grafana.shown(bad))


def test_sums_of_rain_agree_with_the_readings(
    grafana: Reader, seeded: grafana_data.Seeded, chosen: dict[str, Any]
) -> None:
    sql = """select coalesce(sum(amount), 0) from dashboard.increase(
        '{rainfall_total}', 'demo', array[${device:sqlstring}]::text[],
        $__timeFrom(), $__timeTo(), %s)"""
    found = [
        grafana.ask(sql.replace("%s", str(step)), grafana.shown(chosen["storm"], 1.0))
        for step in (300_000, 3_600_000, 86_400_000)
    ]
    with psycopg.connect(seeded.url) as own:
        row = own.execute(
            """
            select sum(greatest(gain, 0)) from (
                select r.ts, r.value - lag(r.value) over (
                    partition by r.series order by r.ts) as gain
                from reading r join series s on s.id = r.series
                where s.metric = 'rainfall_total'
            ) steps where ts > %s and ts <= %s
            """,
            [seeded.end - timedelta(days=1), seeded.end],
        ).fetchone()
    assert row is not None
    assert row[0] > 0.0
    assert [each.rows[0][0] for each in found] == pytest.approx([row[0]] * 3, rel=0.02)


def test_means_of_tiers_agree_with_the_readings(grafana: Reader) -> None:
    sql = """select avg(mean), min(low), max(high) from dashboard.history(
        'water_level', 'demo', '{level-canal}', $__timeFrom(), $__timeTo(), %s)"""
    found = [
        grafana.ask(sql.replace("%s", str(step)), grafana.shown({}, 1.0)).rows[0]
        for step in (300_000, 3_600_000, 86_400_000)
    ]
    assert found[0] == pytest.approx(found[1], rel=0.01)
    assert found[0] == pytest.approx(found[2], rel=0.01)


_REFUSED = (
    "select * from public.reading",
    "select * from public.channel",
    "select * from public.quarantine",
    "select dashboard.tier(900, now(), 1) from public.series",
    "insert into dashboard.park (park) values ('x')",
    "update public.park set code = 'x'",
    "create table dashboard.mine (x int)",
    "create table public.mine (x int)",
    "set role parkpulse",
)


@pytest.mark.parametrize("statement", _REFUSED)
def test_the_role_may_do_nothing_else(grafana: Reader, statement: str) -> None:
    grafana.connection.execute("set default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        grafana.connection.execute(statement.encode())


def test_the_role_is_limited_in_time_and_writes_nothing(role_url: str) -> None:
    with psycopg.connect(role_url) as fresh:
        settings = {
            name: fresh.execute(f"show {name}".encode()).fetchone()
            for name in ("statement_timeout", "default_transaction_read_only")
        }
    assert settings == {
        "statement_timeout": ("30s",),
        "default_transaction_read_only": ("on",),
    }


def test_no_view_shows_secrets_or_what_devices_sent(grafana: Reader) -> None:
    rows = grafana.connection.execute(
        "select column_name from information_schema.columns"
        " where table_schema = 'dashboard'"
    ).fetchall()
    names = {row[0] for row in rows}
    assert "park_zh" in names
    assert not names & {
        "secret",
        "url",
        "raw",
        "body",
        "token_hash",
        "sent_at",
        "topic",
    }


def test_making_the_role_again_changes_its_password_only(
    database_server: DatabaseServer, role_url: str, seeded: grafana_data.Seeded
) -> None:
    parts = urlsplit(role_url)
    name, other = str(parts.username), secrets.token_urlsafe(24)
    with pool.connect(database_server.superuser_url) as admin:
        assert not reader.make(admin, name, other)
    with pool.connect(seeded.url) as own:
        reader.grant(own, name)
    with pytest.raises(psycopg.OperationalError, match="authentication"):
        psycopg.connect(role_url)
    renewed = role_url.replace(str(parts.password), other)
    with psycopg.connect(renewed) as connection:
        assert connection.execute("select park from park").fetchall() == [("demo",)]


def test_power_of_a_role_is_the_energy_of_its_meters_over_time(
    grafana: Reader, chosen: dict[str, Any]
) -> None:
    energy = """select role, sum(amount) from dashboard.energy(
        'demo', array[${data_centre:sqlstring}]::text[], $__timeFrom(), $__timeTo())
        where role !~ 'water|outdoor' group by 1"""
    power = """select role, sum(mean) * %s from dashboard.power(
        'demo', array[${data_centre:sqlstring}]::text[], $__timeFrom(), $__timeTo(),
        %s) group by 1"""
    shown = grafana.shown(chosen["data-centre"], 1.0)
    wanted = dict(grafana.ask(energy, shown).rows)
    assert wanted["grid_import"] > 0.0
    for hours in (1, 6):
        sql = power.replace("%s", str(hours), 1).replace("%s", str(hours * 3_600_000))
        assert dict(grafana.ask(sql, shown).rows) == pytest.approx(wanted, rel=1e-6)
