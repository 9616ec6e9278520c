"""Emission factors in the store, and in the language of who reads of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from parkpulse.model.kpi import Factor
from parkpulse.reports import figures
from parkpulse.reports.document import Words
from parkpulse.store import factors
from parkpulse.store.factors import FactorSpec

if TYPE_CHECKING:
    from parkpulse.store.factors import FactorKind, FactorRow
    from parkpulse.store.pool import Database

_OF_2023: tuple[str, FactorKind, date] = ("CN", "grid", date(2023, 1, 1))


def _stored(database: Database) -> FactorRow:
    with database.transaction() as conn:
        return next(row for row in factors.load(conn) if row[1:4] == _OF_2023)


def _put(database: Database, factor: float, source: str, source_zh: str = "") -> int:
    with database.transaction() as conn:
        return factors.apply(conn, [FactorSpec(*_OF_2023, factor, source, source_zh)])


def test_shipped_factors_say_in_both_languages_where_they_come_from(
    database: Database,
) -> None:
    with database.transaction() as conn:
        rows = factors.load(conn)
    assert len(rows) > 15
    for row in rows:
        assert row.source.isascii()
        assert not row.source_zh.isascii()
        assert str(row.valid_from.year) in row.source_zh


def test_the_chinese_source_stays_as_long_as_the_source_does(
    database: Database,
) -> None:
    before = _stored(database)
    assert _put(database, before.factor, before.source) == 0
    assert _put(database, 0.5, before.source) == 1
    assert _stored(database).source_zh == before.source_zh
    assert _put(database, 0.5, "announced later") == 1
    assert _stored(database).source_zh == ""
    assert _put(database, 0.5, "announced later", "后来公布") == 1
    assert _put(database, 0.5, "announced later", "后来公布") == 0
    assert _stored(database).source_zh == "后来公布"


def test_a_report_shows_the_reader_s_language_or_the_one_there_is(
    database: Database,
) -> None:
    chinese, english = (Words(each, "Asia/Shanghai") for each in ("zh", "en"))
    known = Factor(*_stored(database)[1:])
    assert figures.source(known, english).startswith("Ministry of Ecology")
    assert figures.source(known, chinese).startswith("生态环境部")
    only = Factor(*_OF_2023, 0.5, "announced later")
    assert figures.source(only, chinese) == "announced later"
