"""Opens the database for one command of the command line, or says what to do."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from parkpulse.errors import ConfigError, StoreUnavailableError
from parkpulse.store import deeds, pool
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.store.pool import Connection


@contextlib.contextmanager
def transaction(url: str, *, name: str) -> Iterator[Connection]:
    """Lend a connection; commit at the end, roll back on an error.

    What the command changes is audited.

    Raises
    ------
    ConfigError
        The server does not answer.
    """
    with pool.translated(), _connected(url, name) as connection:
        yield connection
        deeds.note(connection)


@contextlib.contextmanager
def database(url: str, *, name: str, size: int = 1) -> Iterator[Database]:
    """Lend a database to a command that needs several transactions.

    Raises
    ------
    ConfigError
        The server does not answer.
    """
    # The pool would try for ten seconds, and then not tell why.
    _connected(url, name).close()
    with contextlib.closing(Database(url, size=size, name=name)) as opened:
        opened.open()
        noted = pool.before_commit.set(deeds.Once())
        try:
            yield opened
        finally:
            pool.before_commit.reset(noted)


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
