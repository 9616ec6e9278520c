"""The private TimescaleDB: its settings, its door, its restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from parkpulse.errors import ServiceError
from parkpulse.services import account, database, ports
from parkpulse.services.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.services.servers import Servers
    from tests.plugins.fix_services import DatabaseServer


SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "timescaledb.telemetry_level": "off",
    "timescaledb.license": "apache",
    "server_encoding": "UTF8",
    "listen_addresses": "127.0.0.1",
    "password_encryption": "scram-sha-256",
    "scram_iterations": "4096",
    "data_checksums": "on",
    "autovacuum": "on",
}


def test_settings_that_matter(own_database_server: DatabaseServer) -> None:
    with psycopg.connect(own_database_server.url) as connection:
        rows = connection.execute(
            "select name, current_setting(name) from unnest(%s::text[]) as name",
            [list(SETTINGS)],
        ).fetchall()
    assert dict(rows) == SETTINGS


def test_the_application_is_no_superuser_and_owns_its_database(
    database_url: str,
) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select r.rolsuper, r.rolcreaterole, pg_get_userbyid(d.datdba) = r.rolname"
            " from pg_roles r, pg_database d"
            " where r.rolname = current_user and d.datname = current_database()"
        ).fetchone()
    assert row == (False, False, True)


@pytest.mark.parametrize("user", ["parkpulse", "postgres"])
@pytest.mark.parametrize("password", ["parkpulse", "postgres", ""])
def test_the_door_is_locked(
    database_server: DatabaseServer, user: str, password: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host="127.0.0.1",
            port=database_server.port,
            user=user,
            password=password,
            dbname="parkpulse",
        )


def test_data_outlives_stop_and_kill(own_database_server: DatabaseServer) -> None:
    server = own_database_server
    with psycopg.connect(server.url) as connection:
        connection.execute("create table kept (n int)")
    for number, end in enumerate((server.stop, server.kill, server.stop)):
        with psycopg.connect(server.url) as connection:
            connection.execute("insert into kept values (%s)", [number])
        end()
        server.start()
    with psycopg.connect(server.url) as connection:
        rows = connection.execute("select n from kept order by n").fetchall()
    assert rows == [(0,), (1,), (2,)]


def test_a_killed_server_with_busy_backends_starts_again(
    own_database_server: DatabaseServer,
) -> None:
    server = own_database_server
    with psycopg.connect(server.url) as connection:
        connection.execute("create table kept (n int)")
    busy = psycopg.connect(server.url)
    busy.execute("insert into kept select generate_series(1, 100000)")
    server.kill()
    server.start()
    with pytest.raises(psycopg.OperationalError):
        busy.commit()
    with psycopg.connect(server.url) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_a_second_server_on_the_same_folder_is_refused(
    own_database_server: DatabaseServer, programs: Servers
) -> None:
    home = own_database_server.folder.parent
    user = account.unprivileged(own_database_server.folder)
    second = Database(programs.postgres, home, ports.free(), user)
    with pytest.raises(ServiceError, match="another database server"):
        second.prepare()
    with psycopg.connect(own_database_server.url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_taken_port_is_one_sentence(
    own_database_server: DatabaseServer, programs: Servers, server_home: Path
) -> None:
    user = account.unprivileged(server_home)
    other = Database(programs.postgres, server_home, own_database_server.port, user)
    with pytest.raises(ServiceError, match="PARKPULSE_DATABASE_PORT"):
        other.prepare()


def test_data_of_another_version_is_refused(
    programs: Servers, server_home: Path
) -> None:
    user = account.unprivileged(server_home)
    made = Database(programs.postgres, server_home, ports.free(), user)
    made.folder.mkdir()
    (made.folder / "PG_VERSION").write_text("14\n")
    with pytest.raises(ServiceError, match=r"PostgreSQL 14.*set PARKPULSE_HOME"):
        made.prepare()


def test_an_interrupted_first_start_is_repeated(
    programs: Servers, server_home: Path
) -> None:
    half = server_home / "database.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("17\n")
    user = account.unprivileged(server_home / "database")
    made = Database(programs.postgres, server_home, ports.free(), user)
    made.prepare()
    assert database.data_version(made.folder) is not None
    assert (made.folder / "global" / "pg_control").exists()
    assert not half.exists()


def test_a_home_with_a_space_and_chinese_works(
    programs: Servers, server_home: Path
) -> None:
    home = server_home / "my park 园区"
    home.mkdir()
    made = Database(programs.postgres, home, ports.free(), account.unprivileged(home))
    made.prepare()
    assert (made.folder / "global" / "pg_control").exists()


def test_the_address_has_a_password_of_its_own(
    database_server: DatabaseServer, own_database_server: DatabaseServer
) -> None:
    passwords = {
        urlsplit(url).password
        for each in (database_server, own_database_server)
        for url in (each.url, each.superuser_url)
    }
    assert len(passwords) == 4
