"""Opens the database for one command of the command line, or says what to do."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psycopg

from parkpulse.errors import (
    ConfigError,
    NotFoundError,
    StoreError,
    StoreUnavailableError,
)
from parkpulse.store import deeds, parks, pool
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.store.pool import Connection


_PARK = "park"
_MOST_NAMED = 20


@contextlib.contextmanager
def transaction(url: str, *, name: str) -> Iterator[Connection]:
    """Lend a connection; commit at the end, roll back on an error.

    What the command changes is audited.

    Raises
    ------
    ConfigError
        The server does not answer, or its database is not migrated.
    """
    with _migrated(), pool.translated(), _connected(url, name) as connection:
        with _naming_parks(connection):
            yield connection
        deeds.note(connection)


@contextlib.contextmanager
def database(url: str, *, name: str, size: int = 1) -> Iterator[Database]:
    """Lend a database to a command that needs several transactions.

    Raises
    ------
    ConfigError
        The server does not answer, or its database is not migrated.
    """
    # The pool would try for ten seconds, and then not tell why.
    _connected(url, name).close()
    with contextlib.closing(Database(url, size=size, name=name)) as opened:
        opened.open()
        noted = pool.before_commit.set(deeds.Once())
        try:
            with _migrated():
                yield opened
        except NotFoundError as error:
            if error.kind == _PARK:
                error.add_note(opened.read(_parks))
            raise
        finally:
            pool.before_commit.reset(noted)


_LACKING = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
)


@contextlib.contextmanager
def _migrated() -> Iterator[None]:
    """Say what to do where the database has not the schema of this version."""
    try:
        yield
    except StoreError as error:
        if not isinstance(error.__cause__, _LACKING):
            raise
        message = "the database is not of this version: run 'parkpulse db migrate'"
        raise ConfigError(message) from error


@contextlib.contextmanager
def _naming_parks(connection: Connection) -> Iterator[None]:
    """Say with an unknown park which parks there are."""
    try:
        yield
    except NotFoundError as error:
        if error.kind == _PARK:
            error.add_note(_parks(connection))
        raise


def _parks(connection: Connection) -> str:
    codes = [each.code for each in parks.parks(connection)]
    if not codes:
        return "none is registered yet: 'parkpulse registry import' takes one in"
    more = ", …" if len(codes) > _MOST_NAMED else ""
    return f"there are: {', '.join(codes[:_MOST_NAMED])}{more}"


def check(url: str) -> None:
    """Make sure that the server is one that Parkpulse can work on.

    Raises
    ------
    ConfigError
        It does not answer, is too old or has no TimescaleDB.
    """
    with _advising():
        pool.check(url)


def _connected(url: str, name: str) -> Connection:
    with _advising():
        return pool.connect(url, name=name)


@contextlib.contextmanager
def _advising() -> Iterator[None]:
    try:
        yield
    except StoreUnavailableError as error:
        reason = str(error).strip().partition("\n")[0]
        message = (
            f"the database does not answer ({reason}): start it, or 'parkpulse up', or"
            " correct PARKPULSE_DATABASE_URL"
        )
        raise ConfigError(message) from error
