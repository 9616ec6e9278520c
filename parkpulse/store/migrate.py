"""Brings the database's schema to this version of Parkpulse."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import ConfigError
from parkpulse.store import compression, metric_names, pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from parkpulse.store.pool import Connection

_LOCK = 7_275_717_001  # any constant: makes two starting processes take turns
_TABLE = """
create table if not exists migration (
    name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default now()
)
"""


class Migration(NamedTuple):
    """One schema change: a file of SQL, named by UTC timestamp."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Fingerprint that tells an edited migration from the applied one."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def known() -> list[Migration]:
    """All migrations of this version, oldest first."""
    folder = resources.files("parkpulse.store.migrations")
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(
        Migration(file.name.removesuffix(".sql"), file.read_text()) for file in files
    )


def pending(connection: Connection) -> list[Migration]:
    """Migrations that the database has not seen.

    Raises
    ------
    ConfigError
        The database was made by a newer Parkpulse, or an applied migration was edited.
    """
    connection.execute(_TABLE)
    rows = connection.execute("select name, sha256 from migration").fetchall()
    applied = {str(name): str(sha256) for name, sha256 in rows}
    migrations = known()
    _refuse_strangers(applied, migrations)
    return [each for each in migrations if each.name not in applied]


def _refuse_strangers(applied: dict[str, str], migrations: list[Migration]) -> None:
    newer = sorted(applied.keys() - {each.name for each in migrations})
    if newer:
        message = (
            f"the database was made by a newer Parkpulse (migration {newer[-1]}):"
            " install that version"
        )
        raise ConfigError(message)
    for each in migrations:
        if applied.get(each.name, each.sha256) != each.sha256:
            message = f"migration {each.name} differs from the one the database has"
            raise ConfigError(message)


def apply(url: str, tell: Callable[[str], None] = lambda _: None) -> int:
    """Apply what is pending in one transaction each; return how many.

    Parameters
    ----------
    url
        PostgreSQL URL of the database.
    tell
        Called with the name of each migration before it is applied.
    """
    with pool.translated(), pool.connect(url, name="parkpulse migrate") as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        todo = pending(connection)
        connection.commit()
        for migration in todo:
            tell(migration.name)
            # As bytes, for it is a file of ours and no literal of this program.
            connection.execute(migration.sql.encode())
            connection.execute(
                "insert into migration (name, sha256) values (%s, %s)",
                [migration.name, migration.sha256],
            )
            connection.commit()
        metric_names.write(connection)
        compression.switch_on(connection)
        return len(todo)
