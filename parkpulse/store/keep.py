"""What backup and restore ask of a server: snapshots, counts, a database to fill."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, LiteralString, NamedTuple

import psycopg
from psycopg import conninfo, sql

from parkpulse.errors import ConfigError
from parkpulse.store import pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.store.pool import Connection

_NAME = "parkpulse backup"
_DROP: LiteralString = "drop database if exists {} with (force)"
_RENAME: LiteralString = "alter database {} rename to {}"
_OPEN: LiteralString = "alter database {} allow_connections true"


class Source(NamedTuple):
    """What a database is and who owns it."""

    database: str
    owner: str
    server_version: int
    """As PostgreSQL counts: 170004."""
    timescaledb: str
    migrations: list[str]

    @property
    def major(self) -> int:
        """Major version of the server."""
        return self.server_version // 10000


@contextlib.contextmanager
def snapshot(url: str) -> Iterator[tuple[Connection, str]]:
    """Hold one state of the database; its name lets others see the same.

    Raises
    ------
    StoreError
        The server is away or refuses.
    """
    with pool.translated(), pool.connect(url, name=_NAME) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        row = conn.execute("select pg_export_snapshot()").fetchone()
        yield conn, "" if row is None else str(row[0])


def source(conn: Connection) -> Source:
    """Tell what the database is.

    Raises
    ------
    ConfigError
        It holds no TimescaleDB or nothing of ours.
    """
    row = conn.execute(
        """
        select current_database(),
            (select r.rolname from pg_database d join pg_roles r on r.oid = d.datdba
                where d.datname = current_database()),
            current_setting('server_version_num')::int,
            (select extversion from pg_extension where extname = 'timescaledb')
        """
    ).fetchone()
    if row is None or row[3] is None or not _is_ours(conn):
        message = (
            "the database holds nothing of Parkpulse: start it once with 'parkpulse up'"
            " or run 'parkpulse db migrate'"
        )
        raise ConfigError(message)
    names = conn.execute("select name from migration order by name").fetchall()
    return Source(row[0], row[1], row[2], row[3], [name for (name,) in names])


def _is_ours(conn: Connection) -> bool:
    row = conn.execute("select to_regclass('public.migration') is not null").fetchone()
    return bool(row and row[0])


def counts(conn: Connection) -> dict[str, int]:
    """Count the rows of all our tables."""
    tables = conn.execute(
        "select tablename from pg_tables where schemaname = 'public' order by 1"
    ).fetchall()
    found = {}
    for (table,) in tables:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        row = conn.execute(query).fetchone()
        found[str(table)] = int(row[0]) if row else 0
    return found


def sizes(conn: Connection) -> dict[str, int]:
    """Sizes of all tables with data by `schema.table`, for progress. [bytes]."""
    rows = conn.execute(
        """
        select n.nspname || '.' || c.relname, pg_table_size(c.oid)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname !~ '^pg_'
            and n.nspname <> 'information_schema'
        """
    ).fetchall()
    return {str(name): int(size) for name, size in rows}


class Target:
    """A database that is to be filled, by a role that may make databases.

    Parameters
    ----------
    admin_url
        Any database of the server, by that role.
    database
        The one that is to be filled in the end.
    """

    def __init__(self, admin_url: str, database: str) -> None:
        self._admin_url = admin_url
        self._database = database
        self._new = f"{database}_restoring"
        self._old = f"{database}_before_restore"

    @property
    def new_url(self) -> str:
        """Address of the database that is filled meanwhile, with the password."""
        return at(self._admin_url, self._new)

    def require_fit(self, owner: str, timescaledb: str, major: int) -> None:
        """Make sure that the server can hold what was backed up.

        Raises
        ------
        ConfigError
            It cannot; the message says what to do.
        """
        with pool.translated(), pool.connect(self._admin_url, name=_NAME) as conn:
            row = conn.execute(
                """
                select exists (select from pg_roles where rolname = %s),
                    exists (select from pg_available_extension_versions
                        where (name, version) = ('timescaledb', %s)),
                    current_setting('server_version_num')::int / 10000,
                    (select rolsuper from pg_roles where rolname = current_user)
                """,
                [owner, timescaledb],
            ).fetchone()
        has_role, has_version, server, is_super = row or (False, False, 0, False)
        problem = None
        if not is_super:
            problem = (
                "TimescaleDB's catalogue can be restored only by a superuser: set"
                " PARKPULSE_ADMIN_DATABASE_URL"
            )
        elif server < major:
            problem = (
                f"the backup comes from PostgreSQL {major} and this server is version"
                f" {server}: restore it on {major} or newer"
            )
        elif not has_version:
            problem = (
                f"the backup was made with TimescaleDB {timescaledb}, which this server"
                " lacks: install exactly that version, restore, then upgrade"
            )
        elif not has_role:
            problem = f"the server has no role {owner!r}, who owns the data: create it"
        if problem is not None:
            raise ConfigError(problem)

    def is_empty(self) -> bool:
        """Whether the database is missing or holds nothing of ours."""
        with pool.translated(), self._connected() as conn:
            if not _exists(conn, self._database):
                return True
        url = at(self._admin_url, self._database)
        with pool.translated(), pool.connect(url, name=_NAME) as conn:
            return not _is_ours(conn)

    def require_unused(self) -> None:
        """Make sure that nobody works on the database.

        Raises
        ------
        ConfigError
            Somebody does.
        """
        with pool.translated(), self._connected() as conn:
            rows = conn.execute(
                """
                select distinct application_name from pg_stat_activity
                where datname = %s and backend_type = 'client backend' order by 1
                """,
                [self._database],
            ).fetchall()
        if rows:
            who = ", ".join(str(name) or "?" for (name,) in rows)
            message = f"the database is in use ({who}): stop Parkpulse, then restore"
            raise ConfigError(message)

    def begin(self, owner: str, timescaledb: str) -> None:
        """Make the database that is filled, with TimescaleDB waiting for data."""
        with pool.translated(), self._connected() as conn:
            _run(conn, _DROP, self._new)
            _run(
                conn, "create database {} owner {} template template0", self._new, owner
            )
        with pool.translated(), pool.connect(self.new_url, name=_NAME) as conn:
            conn.execute(
                sql.SQL("create extension timescaledb version {}").format(
                    sql.Literal(timescaledb)
                )
            )
            conn.execute("select timescaledb_pre_restore()")

    def finish(self) -> dict[str, int]:
        """Let TimescaleDB work again; return how many rows the tables have."""
        with pool.translated(), pool.connect(self.new_url, name=_NAME) as conn:
            conn.execute("select timescaledb_post_restore()")
        with pool.translated(), pool.connect(self.new_url, name=_NAME) as conn:
            return counts(conn)

    def swap(self) -> None:
        """Put the filled database in the place of the one that was there."""
        with pool.translated(), self._connected() as conn:
            # TimescaleDB's scheduler connects to every database by itself.
            self._disconnect(conn, self._new)
            self._disconnect(conn, self._database)
            try:
                with conn.transaction():
                    if _exists(conn, self._database):
                        _run(conn, _RENAME, self._database, self._old)
                    _run(conn, _RENAME, self._new, self._database)
            finally:
                if _exists(conn, self._database):
                    _run(conn, _OPEN, self._database)
            _run(conn, _DROP, self._old)

    def give_up(self) -> None:
        """Throw away what was filled; what was there before stays."""
        with pool.translated(), self._connected() as conn:
            _run(conn, _DROP, self._new)

    def _connected(self) -> contextlib.AbstractContextManager[Connection]:
        return psycopg.connect(
            self._admin_url, autocommit=True, application_name=_NAME, connect_timeout=10
        )

    def _disconnect(self, conn: Connection, database: str) -> None:
        if not _exists(conn, database):
            return
        _run(conn, "alter database {} allow_connections false", database)
        conn.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = %s",
            [database],
        )


def _run(conn: Connection, command: LiteralString, *names: str) -> None:
    conn.execute(sql.SQL(command).format(*map(sql.Identifier, names)))


def _exists(conn: Connection, database: str) -> bool:
    row = conn.execute(
        "select from pg_database where datname = %s", [database]
    ).fetchone()
    return row is not None


def at(url: str, database: str) -> str:
    """Return the address of another database of the same server."""
    return conninfo.make_conninfo(url, dbname=database)


def name(url: str) -> str:
    """Return the database that an address names."""
    return str(conninfo.conninfo_to_dict(url).get("dbname", ""))


class Reach(NamedTuple):
    """How a program of PostgreSQL reaches a database."""

    arguments: str
    """Without the password."""
    password: str


def reach(url: str) -> Reach:
    """Take the password out of an address.

    Raises
    ------
    ConfigError
        It is no address of PostgreSQL.
    """
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        message = "the database's address must look like postgresql://user@host/name"
        raise ConfigError(message) from error
    password = parts.pop("password", None)
    plain = {name: value for name, value in parts.items() if value is not None}
    return Reach(conninfo.make_conninfo("", **plain), str(password or ""))
