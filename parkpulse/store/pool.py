"""Connections to the database, and the translation of its errors.

Functions of this package take an open `Connection` and never commit: the caller's
`transaction()` does.
"""

from __future__ import annotations

import contextlib
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
import psycopg_pool
from psycopg import conninfo, sql

from parkpulse.errors import (
    ConfigError,
    ConflictError,
    StoreDataError,
    StoreError,
    StoreUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_T = TypeVar("_T")
Connection = psycopg.Connection[tuple[Any, ...]]
"""What a function of the store works on; opaque to all others."""

before_commit: ContextVar[Callable[[Connection], None] | None] = ContextVar(
    "before_commit", default=None
)
"""Called at the end of each transaction of the present request; writes what is to be
committed together with it, or not at all."""

MINIMUM_SERVER = 150000
_UNAVAILABLE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg_pool.PoolTimeout,
)
_CONFLICT = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours; the driver's own is the `__cause__`."""
    try:
        yield
    except _CONFLICT as error:
        raise ConflictError(str(error)) from error
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise StoreDataError(str(error)) from error
    except _UNAVAILABLE as error:
        raise StoreUnavailableError(str(error)) from error
    except psycopg.Error as error:
        raise StoreError(str(error)) from error


_NOTICE = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""Notice within half a minute that the server's machine has gone."""
_SERVER_NOTICE = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=25000"
)
"""Let the server notice as soon that this machine has gone, and drop its locks."""
IDLE_S = 600
"""A transaction in which nothing is asked for so long is given up. [s]"""
TRUSTED_S = 0.5
"""A connection that has answered within this time is lent without being tried. [s]"""


class _BrokenError(psycopg.OperationalError):
    """A connection broke while it was lent."""


class _Lent(psycopg.Connection[tuple[Any, ...]]):
    """A connection that knows when it has answered last."""

    answered_s = float("-inf")


class Database:
    """A pool of connections to one database.

    Parameters
    ----------
    url
        PostgreSQL URL; never logged.
    size
        Most connections held at once.
    name
        Shown by the server as `application_name`.
    statement_s
        A statement that takes longer is given up as StoreUnavailableError; 0 for
        never. [s]
    idle_s
        A transaction in which nothing is asked for so long is ended by the server. [s]
    """

    def __init__(
        self,
        url: str,
        *,
        size: int = 4,
        name: str = "parkpulse",
        statement_s: int = 0,
        idle_s: int = IDLE_S,
    ) -> None:
        self._url = url
        self._name = name
        self._doubted_s = float("-inf")
        self._pool = psycopg_pool.ConnectionPool(
            _noticing(url, f"-c statement_timeout={statement_s}s", idle_s),
            connection_class=_Lent,
            min_size=1,
            max_size=size,
            kwargs={"application_name": name},
            open=False,
            check=self._check,
            timeout=10.0,
            # Its pauses double; so it begins anew before they are long.
            reconnect_timeout=5.0,
        )

    def open(self) -> None:
        """Connect; raises StoreUnavailableError when the server cannot be reached."""
        with translated():
            self._pool.open(wait=True, timeout=10.0)

    def close(self) -> None:
        """Give all connections back."""
        self._pool.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Lend a connection; commit at the end, roll back on an error."""
        with translated(), self._lend() as connection:
            yield connection
            companion = before_commit.get()
            if companion is not None:
                companion(connection)

    def read(self, ask: Callable[[Connection], _T]) -> _T:
        """Return what `ask` reads; each statement sees what was committed before it.

        Without a transaction there is no round trip but those of its statements. When
        the connection breaks, it is asked once more on another.

        Raises
        ------
        StoreUnavailableError
            The database does not answer.
        """
        with translated():
            try:
                return self._read(ask)
            except _BrokenError:
                return self._read(ask)

    def _read(self, ask: Callable[[Connection], _T]) -> _T:
        with self._lend() as connection:
            connection.autocommit = True
            try:
                return ask(connection)
            except Exception as error:
                if connection.closed:
                    raise _BrokenError from error
                raise
            finally:
                if not connection.closed:
                    connection.autocommit = False

    @contextlib.contextmanager
    def _lend(self) -> Iterator[_Lent]:
        with self._pool.connection() as connection:
            try:
                yield connection
            finally:
                if connection.closed:
                    self._doubted_s = time.monotonic()
                else:
                    connection.answered_s = time.monotonic()

    def _check(self, connection: _Lent) -> None:
        """Try a connection that may be broken; raises an error when it is."""
        trusted_from = max(self._doubted_s, time.monotonic() - TRUSTED_S)
        if connection.answered_s <= trusted_from:
            psycopg_pool.ConnectionPool.check_connection(connection)

    @contextlib.contextmanager
    def listen(self, *channels: str) -> Iterator[Connection]:
        """Lend a connection of its own, in autocommit, that listens to channels."""
        with (
            translated(),
            psycopg.connect(
                _noticing(self._url),
                autocommit=True,
                application_name=f"{self._name} listen",
            ) as connection,
        ):
            for channel in channels:
                connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            yield connection


def connect(url: str, *, name: str = "parkpulse") -> Connection:
    """Open a single connection for a process that needs just one.

    Raises
    ------
    StoreUnavailableError
        The server cannot be reached.
    """
    with translated():
        return psycopg.connect(_noticing(url, idle_s=0), application_name=name)


def _noticing(url: str, options: str = "", idle_s: int = IDLE_S) -> str:
    """Return the address with what lets both sides notice that the other has gone."""
    idle = f"-c idle_in_transaction_session_timeout={idle_s}s"
    words = f"-c timezone=UTC {_SERVER_NOTICE} {idle} {options}"
    try:
        return conninfo.make_conninfo(url, options=words, **_NOTICE)
    except psycopg.ProgrammingError:
        # The driver's words would quote a part of it, which may be the password.
        message = (
            "PARKPULSE_DATABASE_URL is no address of a database: it looks like"
            " postgresql://user:password@host/name"
        )
        raise ConfigError(message) from None


@contextlib.contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Send statements without waiting for the answer to the one before.

    Whoever fetches rows waits; so does the end of the block, which raises what failed.
    """
    with translated(), connection.pipeline():
        yield


def wait_for_notification(connection: Connection, timeout_s: float) -> bool:
    """Wait until the listening connection is notified; False after the timeout."""
    with translated():
        return any(True for _ in connection.notifies(timeout=timeout_s, stop_after=1))


def notified(connection: Connection, timeout_s: float) -> list[tuple[str, str]]:
    """Wait for notifications; return (channel, payload), none after the timeout."""
    with translated():
        found = connection.notifies(timeout=timeout_s, stop_after=1)
        return [(each.channel, each.payload) for each in found]


def check(url: str) -> None:
    """Make sure that the server is one that Parkpulse can work on.

    Raises
    ------
    StoreUnavailableError
        The server cannot be reached.
    ConfigError
        The server is too old or has no TimescaleDB.
    """
    with connect(url) as connection:
        if connection.info.server_version < MINIMUM_SERVER:
            found_version = connection.info.server_version // 10000
            message = (
                f"the PostgreSQL server is version {found_version}, Parkpulse needs 15"
                " or newer: upgrade it or unset PARKPULSE_DATABASE_URL"
            )
            raise ConfigError(message)
        found = connection.execute(
            "select 1 from pg_available_extensions where name = 'timescaledb'"
        ).fetchone()
    if found is None:
        message = (
            "the PostgreSQL server has no timescaledb extension:"
            " install TimescaleDB on it or unset PARKPULSE_DATABASE_URL"
        )
        raise ConfigError(message)
