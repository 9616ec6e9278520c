"""Real servers for tests, in temporary folders and on ports of their own.

database_url         str: URL of a fresh database with the migrations applied, for one
                     test; the role owns it and is no superuser.
other_database_url   str: a second one.
database             pool.Database, opened, on `database_url`.
empty_database_url   str: the same with the extension and nothing else.
database_server      DatabaseServer of the whole session: `url`, `superuser_url`. Don't
                     stop this one.
own_database_server  DatabaseServer for one test: `start()`, `stop()`, `kill()`.
broker               BrokerServer for one test: `url`, `port`, `folder`, `start()`,
                     `stop()` (saves its sessions), `kill()` (kill -9), `signal()`.
servers_cache        Path: the cache with the fetched programs, shared with `make run`.
programs             Servers: where `postgres`, `psql` and `mosquitto` are.
server_home          Path: an empty folder that the servers' user may enter.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from typing_extensions import override

from parkpulse import settings
from parkpulse.services import account, locks, ports, process, servers
from parkpulse.services.broker import Broker
from parkpulse.services.database import Database
from parkpulse.store import migrate, pool

if TYPE_CHECKING:
    import signal
    import subprocess
    from collections.abc import Callable, Iterator

_READY_WITHIN_S = 60.0


def wait_until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    """Poll until a condition holds; AssertionError after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {within_s} s"
        time.sleep(0.01)


class _Server:
    """A server that a test may start, stop and kill."""

    def __init__(self, served: Database | Broker, log: Path) -> None:
        self._served = served
        self._log = log
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self._served.url

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def folder(self) -> Path:
        return self._served.folder

    def start(self) -> None:
        # After a kill -9 what is left of the earlier start holds the lock.
        lock = self._log.with_suffix(".lock")
        with locks.waiting(lock) as hold, self._log.open("ab") as output:
            self._served.prepare()
            self._child = process.start(self._served.program(), output, hold)
        wait_until(self._ready, _READY_WITHIN_S)

    def _ready(self) -> bool:
        assert self._child is not None
        assert self._child.poll() is None, self._log.read_text()
        return self._served.ready()

    def stop(self) -> None:
        if self._child is not None:
            self._child.send_signal(self._served.program().stop_signal)
            self._child.wait(_READY_WITHIN_S)

    def signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        self._child.send_signal(number)

    def kill(self) -> None:
        assert self._child is not None
        self._child.kill()
        self._child.wait()


class BrokerServer(_Server):
    """A Mosquitto."""


class DatabaseServer(_Server):
    """A TimescaleDB."""

    def __init__(self, served: Database, log: Path) -> None:
        super().__init__(served, log)
        self._database = served

    @property
    def superuser_url(self) -> str:
        return self._database.superuser_url

    @override
    def start(self) -> None:
        super().start()
        self._database.set_up()


@pytest.fixture(scope="session")
def servers_cache() -> Path:
    return settings.load().cache


@pytest.fixture(scope="session")
def programs(servers_cache: Path) -> servers.Servers:
    return servers.find(servers_cache, None, print)


def _new_home(folder: Path | None = None) -> Path:
    # Not below pytest's folder, which is closed to the user the servers run as.
    home = Path(tempfile.mkdtemp(prefix="parkpulse-test-", dir=folder))
    home.chmod(0o711)
    return home


@pytest.fixture
def server_home() -> Iterator[Path]:
    home = _new_home(_roomiest())
    yield home
    shutil.rmtree(home)


_NEVER_KILLED = """\
fsync = off
full_page_writes = off
wal_compression = off
max_wal_size = 256MB
scram_iterations = 1
"""
"""Settings of the session's server, which no test stops and nobody attacks."""
_MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a closed folder in it
_ROOM = 6 * 2**30
"""So much must be free in memory for a server's files. [bytes]"""


def _roomiest() -> Path | None:
    # ext4 takes long to make files where others were just deleted, and each test's
    # database has more than a thousand.
    is_large = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    return _MEMORY if is_large and os.access(_MEMORY, os.W_OK) else None


def _running_database(
    programs: servers.Servers, settings_of_test: str = "", folder: Path | None = None
) -> Iterator[DatabaseServer]:
    home = _new_home(folder)
    own = home / "postgresql.d"
    own.mkdir(mode=0o755)
    (own / "test.conf").write_text(settings_of_test)
    user = account.unprivileged(home)
    served = Database(programs.postgres, home, ports.free(), user)
    server = DatabaseServer(served, home / "database.log")
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def database_server(programs: servers.Servers) -> Iterator[DatabaseServer]:
    yield from _running_database(programs, _NEVER_KILLED, _roomiest())


@pytest.fixture
def own_database_server(programs: servers.Servers) -> Iterator[DatabaseServer]:
    yield from _running_database(programs)


@pytest.fixture
def broker(programs: servers.Servers, server_home: Path) -> Iterator[BrokerServer]:
    user = account.unprivileged(server_home)
    served = Broker(programs.mosquitto, server_home, ports.free(), user)
    server = BrokerServer(served, server_home / "broker.log")
    server.start()
    yield server
    server.stop()


def _administrate(server: DatabaseServer, command: str, *names: str) -> None:
    identifiers = [sql.Identifier(name) for name in names]
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL(command).format(*identifiers))


def _create(server: DatabaseServer, name: str, template: str) -> str:
    _administrate(
        server, "create database {} template {} owner parkpulse", name, template
    )
    return server.url.removesuffix("/parkpulse") + f"/{name}"


def _freeze(server: DatabaseServer, name: str) -> None:
    # TimescaleDB's scheduler connects to every database that allows it.
    _administrate(server, "alter database {} allow_connections false", name)
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        wait_until(lambda: _alone(connection, name))


def _alone(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    left = connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
        [name],
    ).fetchall()
    return not left


@pytest.fixture(scope="session")
def _empty_template(database_server: DatabaseServer) -> str:
    _create(database_server, "empty", "template0")
    url = database_server.superuser_url.removesuffix("/postgres") + "/empty"
    with psycopg.connect(url) as connection:
        connection.execute("create extension timescaledb")
    _freeze(database_server, "empty")
    return "empty"


@pytest.fixture(scope="session")
def _migrated_template(database_server: DatabaseServer, _empty_template: str) -> str:
    url = _create(database_server, "migrated", _empty_template)
    migrate.apply(url)
    _freeze(database_server, "migrated")
    return "migrated"


def _lent(server: DatabaseServer, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    yield _create(server, name, template)
    _administrate(server, "drop database {} with (force)", name)


@pytest.fixture
def database_url(
    database_server: DatabaseServer, _migrated_template: str
) -> Iterator[str]:
    yield from _lent(database_server, _migrated_template)


@pytest.fixture
def database(database_url: str) -> Iterator[pool.Database]:
    opened = pool.Database(database_url, size=8)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def other_database_url(
    database_server: DatabaseServer, _migrated_template: str
) -> Iterator[str]:
    yield from _lent(database_server, _migrated_template)


@pytest.fixture
def empty_database_url(
    database_server: DatabaseServer, _empty_template: str
) -> Iterator[str]:
    yield from _lent(database_server, _empty_template)
