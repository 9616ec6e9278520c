"""The roles that compose.yaml makes, on a real server that has nothing yet."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from parkpulse.store import migrate, reader

if TYPE_CHECKING:
    from parkpulse.services import servers
    from tests.plugins.fix_services import DatabaseServer

_COMPOSE = Path(__file__).parents[2] / "compose.yaml"


def _run(script: str, server: DatabaseServer, programs: servers.Servers) -> None:
    parts = urlsplit(server.superuser_url)
    done = subprocess.run(
        [programs.postgres / "psql", "--no-psqlrc", "--set", "ON_ERROR_STOP=1"],
        env={
            "PGHOST": str(parts.hostname),
            "PGPORT": str(parts.port),
            "PGUSER": str(parts.username),
            "PGPASSWORD": str(parts.password),
            "PGDATABASE": "postgres",
            "ROLE_PASSWORD": "role",
            "READER_PASSWORD": "reader",
        },
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_grafana_reads_the_views_after_the_migrations_and_nothing_else(
    own_database_server: DatabaseServer, programs: servers.Servers
) -> None:
    content = yaml.safe_load(_COMPOSE.read_text())["configs"]["database-roles"][
        "content"
    ]
    script = content.partition("<<'SQL'\n")[2].partition("\nSQL\n")[0]
    emptied = "drop database parkpulse;\ndrop role parkpulse;\n"
    _run(emptied + script, own_database_server, programs)
    parts = urlsplit(own_database_server.url)
    host = f"{parts.hostname}:{parts.port}/parkpulse"
    migrate.apply(f"postgresql://parkpulse:role@{host}")
    with psycopg.connect(
        f"postgresql://{reader.ROLE}:reader@{host}", autocommit=True
    ) as connection:
        assert connection.execute("select count(*) from park").fetchone() == (0,)
        ask = "select * from history('oxygen', 'x', '{}', now(), now(), 60000)"
        assert connection.execute(ask).fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from public.park")
