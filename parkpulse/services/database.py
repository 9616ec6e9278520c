"""The private TimescaleDB: makes its cluster, configures, starts and stops it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from parkpulse.errors import ServiceError
from parkpulse.services import machine, ports, process, secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parkpulse.services.account import Account

NAME = "database"
ROLE = "parkpulse"
_SUPERUSER = "postgres"
_STOPPING_WITHIN_S = 60.0
_STATUS_LINE = 7

_CONFIGURATION = """\
# Written by parkpulse at each start; your own settings go into {home}/postgresql.d.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 100
password_encryption = 'scram-sha-256'
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
# A container's /dev/shm is small or closed; PostgreSQL needs System V memory anyway.
dynamic_shared_memory_type = sysv
jit = off
fsync = on
full_page_writes = on
synchronous_commit = on
shared_buffers = {shared_buffers_mb}MB
effective_cache_size = {cache_mb}MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_worker_processes = 16
# After each checkpoint the first change of a page logs the whole page.
max_wal_size = {wal_mb}MB
wal_compression = lz4
checkpoint_timeout = 15min
# A question that names no time looks at every chunk.
max_locks_per_transaction = 256
random_page_cost = 1.1
autovacuum = on
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_line_prefix = '%m [%p] %q%a: '
hba_file = '{home}/pg_hba.conf'
include_dir = '{home}/postgresql.d'
"""
_ACCESS = """\
# Written by parkpulse at each start.
host all all 127.0.0.1/32 scram-sha-256
"""
_SET_UP = r"""
\set ON_ERROR_STOP on
\getenv password PARKPULSE_ROLE_PASSWORD
set log_min_error_statement = panic;
select 'create role parkpulse login'
where not exists (select from pg_roles where rolname = 'parkpulse') \gexec
alter role parkpulse password :'password';
select 'create database parkpulse owner parkpulse'
where not exists (select from pg_database where datname = 'parkpulse') \gexec
"""
_EXTENSION = r"""
\set ON_ERROR_STOP on
create extension if not exists timescaledb;
"""
_UPDATE = "alter extension timescaledb update;\n"


class Database:
    """One cluster in one folder on one port of loopback.

    Parameters
    ----------
    programs
        Folder of `postgres`, `initdb` and `psql`.
    home
        Folder that gets the cluster and its passwords.
    port
        Port on loopback.
    account
        Unprivileged user it runs as; None for the user of this process.
    """

    def __init__(
        self, programs: Path, home: Path, port: int, account: Account | None
    ) -> None:
        self._programs = programs
        self._home = home
        self._port = port
        self._account = account
        self.folder = home / NAME

    @property
    def url(self) -> str:
        """Address of the application's database, with its password."""
        return self._url(ROLE, self._role_password(), ROLE)

    @property
    def superuser_url(self) -> str:
        """Address for the server's administration, with its password."""
        return self._url(_SUPERUSER, self._superuser_password(), "postgres")

    def _url(self, user: str, password: str, database: str) -> str:
        return (
            f"postgresql://{user}:{password}@{ports.LOOPBACK}:{self._port}/{database}"
        )

    def _role_password(self) -> str:
        return secret.password(self._home / "database.password")

    def _superuser_password(self) -> str:
        return secret.password(self._home / "superuser.password")

    def prepare(self) -> None:
        """Make the cluster if there is none, and write its configuration.

        The caller holds the lock of the home, so no server of ours runs.

        Raises
        ------
        ServiceError
            The cluster cannot be made, is of another version, or the port is taken.
        """
        _require_unused(self.folder)
        ports.require_free(self._port, "PARKPULSE_DATABASE_PORT", "the database")
        if data_version(self.folder) is None:
            self._initialise()
        self._require_version()
        # Nobody works on it, but its process id may belong to any program now.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        self._configure()

    def _configure(self) -> None:
        # Beside the data folder, which belongs to the server's user.
        (self._home / "postgresql.d").mkdir(mode=0o755, exist_ok=True)
        (self._home / "pg_hba.conf").write_text(_ACCESS)
        self._configuration.write_text(
            configuration(
                self._home,
                self._port,
                machine.memory_mb(),
                shutil.disk_usage(self._home).total // 1024**2,
            )
        )

    @property
    def _configuration(self) -> Path:
        return self._home / "postgresql.conf"

    def _initialise(self) -> None:
        new = self._home / f"{NAME}.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        self._give(new)
        with tempfile.NamedTemporaryFile("w", dir=new.parent) as password:
            password.write(self._superuser_password())
            password.flush()
            self._give(Path(password.name))
            self._initdb(new, password.name)
        new.rename(self.folder)

    def _initdb(self, folder: Path, password_file: str) -> None:
        result = process.run(
            [
                self._programs / "initdb",
                *("--pgdata", folder),
                *("--username", _SUPERUSER),
                *("--pwfile", password_file),
                *("--auth", "scram-sha-256"),
                *("--encoding", "UTF8"),
                *("--locale", "C.UTF-8"),
                "--data-checksums",
            ],
            environment=process.plain_environment(),
            account=self._account,
        )
        if result.status != 0:
            shutil.rmtree(folder, ignore_errors=True)
            raise ServiceError(explain(result.output))

    def _give(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)

    def _require_version(self) -> None:
        made_by = data_version(self.folder)
        printed = process.run([self._programs / "postgres", "--version"]).output
        if f" {made_by}." not in printed:
            message = (
                f"the data in {self.folder} was made by PostgreSQL {made_by}, but"
                f" {self._programs} holds {printed.strip()}: install version {made_by},"
                " or set PARKPULSE_HOME to a new folder"
            )
            raise ServiceError(message)

    def program(self) -> process.Program:
        """Tell how to run the server."""
        return process.Program(
            name=NAME,
            command=(
                str(self._programs / "postgres"),
                *("-D", str(self.folder)),
                *("-c", f"config_file={self._configuration}"),
            ),
            environment=process.plain_environment(),
            account=self._account,
            stop_signal=signal.SIGINT,  # fast shutdown
            stop_within_s=_STOPPING_WITHIN_S,
            force_signal=signal.SIGQUIT,  # immediate shutdown, recovers on start
        )

    def ready(self) -> bool:
        """Whether it accepts connections."""
        lines = _lock_lines(self.folder)
        return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"

    def set_up(self) -> None:
        """Make role, database and extension where they are missing.

        Raises
        ------
        ServiceError
            The server refuses.
        """
        role = {"PARKPULSE_ROLE_PASSWORD": self._role_password()}
        self._psql("postgres", _SET_UP, role)
        self._psql(ROLE, _EXTENSION, {})
        # Must be the first command of its session.
        self._psql(ROLE, _UPDATE, {})

    def _psql(self, database: str, script: str, more: Mapping[str, str]) -> None:
        environment = process.plain_environment(
            PGHOST=ports.LOOPBACK,
            PGPORT=str(self._port),
            PGUSER=_SUPERUSER,
            PGPASSWORD=self._superuser_password(),
            PGDATABASE=database,
            **more,
        )
        result = process.run(
            [self._programs / "psql", "--no-psqlrc", "--quiet", "--file", "-"],
            environment=environment,
            stdin=script,
        )
        if result.status != 0:
            message = f"the database refuses its set-up: {result.output.strip()}"
            raise ServiceError(message)


def configuration(home: Path, port: int, machine_memory_mb: int, disk_mb: int) -> str:
    """Contents of `postgresql.conf`."""
    return _CONFIGURATION.format(
        home=home,
        port=port,
        shared_buffers_mb=min(max(machine_memory_mb // 8, 128), 4096),
        wal_mb=min(max(disk_mb // 25, 1024), 8192),
        cache_mb=max(machine_memory_mb // 2, 512),
    )


def data_version(folder: Path) -> int | None:
    """Major version of PostgreSQL that made a cluster; None when there is none."""
    try:
        return int((folder / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def explain(output: str) -> str:
    """Say in one sentence why no cluster could be made."""
    if "No space left" in output:
        return (
            "there is no space left for the database: free some, or set PARKPULSE_HOME"
            " to a folder on another disk"
        )
    lines = output.strip().splitlines() or ["no message"]
    errors = [line for line in lines if "error" in line.lower()] or lines
    return f"the database's folder cannot be made: {errors[-1].strip()}"


def _lock_lines(folder: Path) -> list[str]:
    try:
        return (folder / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _require_unused(folder: Path) -> None:
    """Refuse a folder that a server started by hand works on."""
    lines = _lock_lines(folder)
    if not lines or not lines[0].strip().isdigit():
        return
    pid = int(lines[0])
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return
    if str(folder).encode() in command:
        message = (
            f"another database server (process {pid}) works on {folder}: end it with"
            f" 'kill -INT {pid}' and try again"
        )
        raise ServiceError(message)
