"""`parkpulse doctor`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from parkpulse import settings
from parkpulse.errors import ParkpulseError
from parkpulse.services import local
from parkpulse.services.doctor import links, machine, service
from parkpulse.services.doctor.finding import fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.services.doctor.finding import Finding
    from parkpulse.settings import Settings

_UP = "up.lock"
_SERVERS = (local.LOCK, _UP)
_SIGNS = {"ok": "✓", "warn": "!", "fail": "✗"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
def doctor(*, as_json: bool) -> None:
    """Check everything and say what to do; exit code 1 if anything fails."""
    found = list(_findings())
    failed = any(each.state == "fail" for each in found)
    if as_json:
        print(json.dumps({"ok": not failed, "findings": [f._asdict() for f in found]}))
    else:
        for each in found:
            print(f"{_SIGNS[each.state]} {each.name:14} {each.text}")
            if each.remedy:
                print(f"  {'':14} → {each.remedy}")
    sys.exit(int(failed))


def _findings() -> Iterator[Finding]:
    yield machine.python()
    try:
        config = settings.load()
    except ParkpulseError as error:
        yield fail("configuration", str(error), "correct the setting")
        return
    yield ok("configuration", "all settings are known and usable")
    yield from _of_machine(config)
    yield from _of_broker(config)
    if config.database_url is None:
        yield fail("database", "none runs", "start 'parkpulse up'")
        return
    url = config.database_url.get_secret_value()
    yield from service.database(url, config.ingest_workers)


def _of_machine(config: Settings) -> Iterator[Finding]:
    home = config.folder
    own = settings.configured()
    given = {"database": own.database_url, "broker": own.mqtt_url}
    named = {
        name: None if url is None else url.get_secret_value()
        for name, url in given.items()
    }
    yield machine.home(home)
    yield from machine.secrets(home)
    yield machine.programs(
        config.cache.expanduser().absolute(), named["database"], named["broker"]
    )
    if named["database"] is None:
        number, setting = config.database_port, "PARKPULSE_DATABASE_PORT"
        yield machine.port("database port", number, setting, home, *_SERVERS)
    if named["broker"] is None:
        number, setting = config.mqtt_port, "PARKPULSE_MQTT_PORT"
        yield machine.port("broker port", number, setting, home, *_SERVERS)
    number, setting = config.port, "PARKPULSE_PORT"
    yield machine.port("page port", number, setting, home, _UP)
    yield machine.page()
    folder = (config.disk_folder or home).expanduser().absolute()
    yield machine.space(folder, config.disk_warn_mb, config.disk_stop_mb)
    urls = {name: url for name, url in named.items() if url}
    page, pairs = config.page_pair(), {}
    if page is not None:
        pairs["page"] = page
    if config.mqtt_listen is not None:
        pairs["broker"] = config.mqtt_pair()
    yield from links.certificates(pairs)
    yield from machine.links(
        config.host, config.public_url, urls, is_sealed=page is not None
    )
    yield _emergency(config)


def _emergency(config: Settings) -> Finding:
    if (config.home.expanduser() / "emergency.json").exists():
        return ok("emergency", "a channel is told when the database is away")
    remedy = "'parkpulse notify channels emergency NAME'"
    return warn("emergency", "nobody is told when the database is away", remedy)


def _of_broker(config: Settings) -> Iterator[Finding]:
    if config.mqtt_url is None:
        yield fail("broker", "none runs", "start 'parkpulse up'")
        return
    yield from links.broker(config.mqtt_url.get_secret_value())
