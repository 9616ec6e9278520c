"""`parkpulse up`, `parkpulse services` and `parkpulse db`."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from parkpulse import settings
from parkpulse.errors import ConfigError, ServiceError
from parkpulse.services import (
    folders,
    fonts,
    local,
    locks,
    process,
    status,
    units,
)
from parkpulse.services.access import authority
from parkpulse.services.broker import Door
from parkpulse.services.local import Place
from parkpulse.services.processes import Processes
from parkpulse.services.supervisor import StoppedError, Supervisor
from parkpulse.store import commandline, disk, migrate, pool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parkpulse.settings import Settings

_UP_LOCK = "up.lock"
_DEMO_RETENTION_DAYS = 430  # the demo's 13 months of meters
_STOPPED_WITHIN_S = 90.0
_STARTED_WITHIN_S = 600.0
_POLL_S = 0.1


def _tell(step: str) -> None:
    # A closed terminal must not keep us from stopping cleanly.
    with contextlib.suppress(OSError):
        print(f"==> {step}", flush=True)


def _home(config: Settings) -> Path:
    return config.home.expanduser().absolute()


def _make(home: Path) -> None:
    folders.make(home, "PARKPULSE_HOME", folders.PASSABLE)


@contextlib.contextmanager
def _one_sentence() -> Iterator[None]:
    """Turn what the system refuses into an error of ours."""
    try:
        yield
    except OSError as error:
        message = f"{error.filename or 'the system'} cannot be used: {error.strerror}"
        if error.errno == errno.ENOSPC:
            message = (
                f"there is no space left on the disk of {error.filename}: free some"
            )
        raise ServiceError(message) from error


def _place(config: Settings) -> Place:
    return Place(
        home=_home(config),
        cache=config.cache.expanduser().absolute(),
        database_port=config.database_port,
        mqtt_port=config.mqtt_port,
        database_url=(
            config.database_url.get_secret_value() if config.database_url else None
        ),
        mqtt_url=config.mqtt_url.get_secret_value() if config.mqtt_url else None,
        door=_door(config),
    )


def _door(config: Settings) -> Door | None:
    if config.mqtt_listen is None:
        return None
    return Door(config.mqtt_listen, config.mqtt_listen_port, config.mqtt_pair())


def _processes(config: Settings, demo: tuple[str, ...] | None) -> Processes:
    environment = {**os.environ, "PARKPULSE_HOME": str(_home(config))}
    if demo is not None and "raw_retention_days" not in config.model_fields_set:
        environment["PARKPULSE_RAW_RETENTION_DAYS"] = str(_DEMO_RETENTION_DAYS)
    return Processes(
        ingest_workers=config.ingest_workers,
        host=config.host,
        port=config.port,
        simulate=demo,
        environment=environment,
        scheme="http" if config.page_pair() is None else "https",
    )


@click.command()
@click.option("--demo", is_flag=True, help="Simulate a park, clearly marked as such.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the page.")
@click.option("--host", help="Address to serve the page at.")
def up(*, demo: bool, port: int | None, host: str | None) -> None:
    """Start everything: database, broker, Parkpulse's processes and the page.

    Servers that PARKPULSE_DATABASE_URL and PARKPULSE_MQTT_URL name are used; without
    them private ones are fetched once and started. Ctrl-C stops everything.
    """
    given = {"port": port, "host": host}
    config = settings.configured().model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    processes = _processes(config, ("--demo",) if demo else None)
    place = _place(config)
    stopped = contextlib.suppress(StoppedError)
    with _one_sentence(), _only_one(place.home) as hold, stopped:
        _run(place, processes, hold)
    _tell("Stopped · 已停止")


@contextlib.contextmanager
def _only_one(home: Path) -> Iterator[int]:
    _make(home)
    with locks.trying(home / _UP_LOCK) as hold:
        if hold is None:
            message = (
                f"'parkpulse up' already runs in {home} (process"
                f" {locks.holder(home / _UP_LOCK)}): stop it, or set PARKPULSE_HOME to"
                " another folder"
            )
            raise ServiceError(message)
        yield hold


def _run(place: Place, processes: Processes, hold: int) -> None:
    processes.require_port()
    with (
        Supervisor(place.home / "logs", _tell) as supervisor,
        local.servers(place, supervisor, _tell) as addresses,
    ):
        migrate.apply(addresses.database_url, lambda name: _tell(f"Migration {name}"))
        supervisor.check()
        _fetch_font(place.cache)
        _tell("Starting Parkpulse")
        processes.start(addresses, supervisor, hold)
        _tell(f"Parkpulse is ready · 园区脉搏已就绪: {processes.page}")
        _tell("Ctrl-C stops it · 按 Ctrl-C 停止")
        supervisor.serve()
        _tell("Stopping · 正在停止")


def _fetch_font(cache: Path) -> None:
    """Have what reports need; everything else works without."""
    try:
        fonts.chinese(cache, _tell)
    except ServiceError as error:
        _tell(f"Reports as PDF are not available · 暂不能生成 PDF 报告: {error}")


@click.group()
def services() -> None:
    """Run only the private database and broker, for development."""


def _own_place() -> Place:
    place = _place(settings.configured())
    if place.database_url is not None and place.mqtt_url is not None:
        message = (
            "PARKPULSE_DATABASE_URL and PARKPULSE_MQTT_URL name servers of your own:"
            " unset one to start a private one"
        )
        raise ConfigError(message)
    _make(place.home)
    return place


@services.command("run")
def services_run() -> None:
    """Run them in the foreground until Ctrl-C."""
    place = _own_place()
    if locks.holder(place.home / local.LOCK) is not None:
        message = f"the database and the broker of {place.home} run already"
        raise ServiceError(message)
    with (
        _one_sentence(),
        contextlib.suppress(StoppedError),
        Supervisor(place.home / "logs", _tell) as supervisor,
        local.servers(place, supervisor, _tell),
    ):
        _tell("The database and the broker are ready: 'parkpulse db url' names one")
        supervisor.serve()


@services.command("start")
def services_start() -> None:
    """Run them in the background."""
    home = _own_place().home
    if locks.holder(home / local.LOCK) is not None:
        print("They run already.")
        return
    log = home / "services.log"
    log.unlink(missing_ok=True)
    (home / local.RUNNING).unlink(missing_ok=True)  # of a killed one
    command = (str(Path(sys.executable).parent / "parkpulse"), "services", "run")
    child = process.detach(command, log)
    deadline = time.monotonic() + _STARTED_WITHIN_S
    while not (home / local.RUNNING).exists():
        if child.poll() is not None or time.monotonic() > deadline:
            words = log.read_text().strip().splitlines() or ["no message"]
            raise ServiceError(words[-1].removeprefix("parkpulse: "))
        time.sleep(_POLL_S)
    print(f"They run in the background (process {child.pid}).")


@services.command("stop")
def services_stop() -> None:
    """Stop what `services start` started."""
    home = _home(settings.configured())
    pid = locks.holder(home / local.LOCK)
    if pid is None:
        print("They do not run.")
        return
    if pid == locks.holder(home / _UP_LOCK):
        message = f"'parkpulse up' (process {pid}) runs them: stop that with Ctrl-C"
        raise ServiceError(message)
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOPPED_WITHIN_S
    while locks.holder(home / local.LOCK) is not None:
        if time.monotonic() > deadline:
            message = f"process {pid} does not stop: look into {home / 'logs'}"
            raise ServiceError(message)
        time.sleep(_POLL_S)
    print("They are stopped.")


def _shown(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else value


@services.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
def services_status(*, as_json: bool) -> None:
    """Tell whether they run, and where."""
    home = _home(settings.configured())
    pid = locks.holder(home / local.LOCK)
    status = {"home": str(home), "running": pid is not None, "process": pid}
    status |= _answering(home / local.RUNNING)
    if as_json:
        print(json.dumps(status))
        return
    for key, value in status.items():
        print(f"{key.replace('_', ' ')}: {_shown(value)}")


@services.command("units")
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write them into this folder, as /etc/systemd/system; else print them.",
)
def services_units(folder: Path | None) -> None:
    """Show or write hardened systemd units for this installation."""
    command = Path(sys.executable).parent / "parkpulse"
    if folder is not None:
        for file in units.write(folder, command):
            print(file)
        return
    for name, content in units.units(command).items():
        print(f"#### {name}\n{content}")


@services.command("tls")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the files go; else the folder tls of PARKPULSE_HOME.",
)
def services_tls(names: Sequence[str], folder: Path | None) -> None:
    """Issue a certificate for this machine's NAMEs by a private authority.

    The authority is made once; again, and a new certificate is issued. The private
    broker and the page take it up within a minute.
    """
    if not all(names):
        message = "a name is empty"
        raise click.UsageError(message)
    home = _home(settings.configured())
    if folder is None:
        _make(home)
        folder = home / "tls"
    with _one_sentence():
        ends = authority.make(folder, names)
    print(f"{folder / 'server.crt'} is valid until {ends:%Y-%m-%d}.")
    print(f"Clients are to trust {folder / 'ca.crt'}.")


def _answering(file: Path) -> dict[str, int | bool | None]:
    if not file.exists():
        return {}
    addresses = local.read(file)
    return {
        "database_port": local.port(addresses.database_url),
        "database_answers": local.answers(addresses.database_url),
        "mqtt_port": local.port(addresses.mqtt_url),
        "mqtt_answers": local.answers(addresses.mqtt_url),
    }


@click.group()
def db() -> None:
    """Show the database's address and state, and migrate it."""


def _database_url() -> str:
    config = settings.load()
    if config.database_url is None:
        message = (
            "no database runs: start one with 'parkpulse services start', or set"
            " PARKPULSE_DATABASE_URL"
        )
        raise ConfigError(message)
    return config.database_url.get_secret_value()


@db.command("url")
def db_url() -> None:
    """Print the database's address, with its password."""
    print(_database_url())


@db.command("migrate")
def db_migrate() -> None:
    """Bring the database's schema to this version."""
    url = _database_url()
    commandline.check(url)
    count = migrate.apply(url, _tell)
    print(f"{count} migrations applied.")


@db.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
def db_status(*, as_json: bool) -> None:
    """Tell what the database holds, what that takes, and which migrations it lacks."""
    url = _database_url()
    commandline.check(url)
    config = settings.configured()
    folder = config.disk_folder or (_home(config) if _is_here(url) else None)
    with pool.connect(url, name="parkpulse db status") as connection:
        found = status.report(connection, disk.look(folder) if folder else None)
    if as_json:
        print(json.dumps(status.as_json(found), default=str))
        return
    print("\n".join(status.lines(found)))


def _is_here(url: str) -> bool:
    """Whether the database is on this machine, and so on the disk of our home."""
    return urlsplit(url).hostname in {None, "127.0.0.1", "::1", "localhost"}
