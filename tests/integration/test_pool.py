"""Connections that are lent: without a transaction, and after one was cut."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from parkpulse.errors import StoreDataError, StoreUnavailableError
from parkpulse.store import pool

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection, Database


def _one(conn: Connection) -> int:
    row = conn.execute("select 1").fetchone()
    assert row is not None
    return int(row[0])


def _cut(url: str) -> None:
    with pool.connect(url) as conn:
        conn.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )


def test_a_reading_survives_a_connection_that_was_cut(
    database: Database, database_url: str
) -> None:
    assert database.read(_one) == 1
    _cut(database_url)
    assert database.read(_one) == 1


def test_a_transaction_meets_one_cut_connection_at_most(
    database: Database, database_url: str
) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            _one(stack.enter_context(database.transaction()))
    _cut(database_url)
    with pytest.raises(StoreUnavailableError), database.transaction() as conn:
        _one(conn)
    with database.transaction() as conn:
        assert _one(conn) == 1


def test_a_connection_that_rested_is_tried_first(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "TRUSTED_S", 0.0)
    assert database.read(_one) == 1
    _cut(database_url)
    with database.transaction() as conn:
        assert _one(conn) == 1


def test_a_reading_that_fails_is_no_reason_to_ask_again(database: Database) -> None:
    asked = []

    def fail(conn: Connection) -> None:
        asked.append(conn)
        conn.execute("select 1 / 0")

    with pytest.raises(StoreDataError):
        database.read(fail)
    assert len(asked) == 1
    assert database.read(_one) == 1


def test_what_follows_a_reading_is_a_transaction_again(database: Database) -> None:
    def write(conn: Connection) -> None:
        conn.execute("create table kept (n integer)")

    database.read(write)
    with contextlib.suppress(RuntimeError), database.transaction() as conn:
        conn.execute("insert into kept values (1)")
        raise RuntimeError
    rows = database.read(lambda conn: conn.execute("select n from kept").fetchall())
    assert rows == []
