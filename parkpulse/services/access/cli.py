"""`parkpulse devices`: who may use the broker, and as whom."""

from __future__ import annotations

import csv
import json
import logging
import os
import re
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parkpulse import logs, settings
from parkpulse.errors import ConfigError
from parkpulse.model import credentials
from parkpulse.services.access import files
from parkpulse.services.access.follow import Broker, Follower, Otherwise
from parkpulse.store import commandline
from parkpulse.store import credentials as store
from parkpulse.store.credentials import Speaks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from parkpulse.model.credentials import Credential, Subject
    from parkpulse.settings import Settings
    from parkpulse.store.pool import Connection, Database

_COLUMNS = ("subject", "username", "password")
_SPAN = re.compile(r"(\d{1,5})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_out_option = click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write user names and passwords to this new CSV file, for its owner only.",
)
Row = tuple[str, str, str]


def _connected() -> AbstractContextManager[Connection]:
    url = settings.load().required_database_url()
    return commandline.transaction(url, name="parkpulse devices")


@click.group()
def devices() -> None:
    """Devices at the broker."""


@devices.group("credentials")
def group() -> None:
    """User names and passwords: make, rotate, revoke, list, write them for Mosquitto.

    SUBJECT is PARK/DEVICE, gateway:NAME (speaks for several devices) or
    service:ingest|notify|watch|api|simulate|all (a part of Parkpulse).
    """


@group.command("create")
@click.argument("subjects", nargs=-1, metavar="[SUBJECT]...")
@click.option("--park", help="For each device in use of this park that has none.")
@click.option(
    "--device",
    "spoken_for",
    multiple=True,
    metavar="PARK/DEVICE",
    help="Device that the gateway speaks for; may be repeated.",
)
@click.option(
    "--sparkplug",
    "nodes",
    multiple=True,
    metavar="GROUP/NODE",
    help="Sparkplug edge node that the gateway is; may be repeated.",
)
@click.option("--publish", multiple=True, help="Further topics it publishes on.")
@click.option("--subscribe", multiple=True, help="Further topics it reads.")
@_out_option
@_json_option
def create(
    subjects: Sequence[str],
    park: str | None,
    spoken_for: Sequence[str],
    nodes: Sequence[str],
    publish: Sequence[str],
    subscribe: Sequence[str],
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Make credentials; the passwords are shown now and never again."""
    with _connected() as conn:
        wanted = [credentials.subject(each) for each in subjects]
        wanted += [] if park is None else store.without(conn, park)
        speaks = Speaks(tuple(spoken_for), _topics(nodes, publish, subscribe))
        _require_gateway(wanted, speaks)
        rows = [_created(conn, each, speaks) for each in wanted]
        _hand_out(rows, out, as_json=as_json)


def _topics(
    nodes: Sequence[str], publish: Sequence[str], subscribe: Sequence[str]
) -> tuple[credentials.Grant, ...]:
    found = [grant for node in nodes for grant in credentials.sparkplug(node)]
    found += [credentials.topic("publish", each) for each in publish]
    found += [credentials.topic("subscribe", each) for each in subscribe]
    return tuple(found)


def _require_gateway(wanted: Sequence[Subject], speaks: Speaks) -> None:
    if not wanted:
        message = "name a SUBJECT, or --park of devices that have no credential"
        raise ConfigError(message)
    gateways = {each.kind == "gateway" for each in wanted}
    given = bool(speaks.devices or speaks.topics)
    if gateways != {given}:
        message = (
            "a gateway needs --device, --sparkplug, --publish or --subscribe, which"
            " nothing else takes"
        )
        raise ConfigError(message)


def _created(conn: Connection, subject: Subject, speaks: Speaks) -> Row:
    secret = credentials.new_secret()
    username = store.create(conn, subject, credentials.hashed(secret), speaks)
    return str(subject), username, secret


@group.command("rotate")
@click.argument("subjects", nargs=-1, required=True, metavar="SUBJECT...")
@click.option(
    "--overlap",
    default="0s",
    show_default=True,
    help="How long the old password holds on beside the new one: 30m, 24h, 7d.",
)
@_out_option
@_json_option
def rotate(
    subjects: Sequence[str], overlap: str, out: Path | None, *, as_json: bool
) -> None:
    """Replace credentials by new ones with the same rights."""
    span = _span(overlap)
    with _connected() as conn:
        rows = []
        for each in map(credentials.subject, subjects):
            secret = credentials.new_secret()
            username = store.rotate(conn, each, credentials.hashed(secret), span)
            rows.append((str(each), username, secret))
        _hand_out(rows, out, as_json=as_json)


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    if found is None:
        message = f"{text!r:.40} is no span of time: 30m, 24h, 7d"
        raise ConfigError(message)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _hand_out(rows: Sequence[Row], out: Path | None, *, as_json: bool) -> None:
    """Give the passwords away before anything is committed: else they were lost."""
    if out is not None:
        _write_csv(rows, out)
        print(f"{len(rows)} credentials are in {out}. Keep it safe, then delete it.")
        return
    if as_json:
        items = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        print(json.dumps({"items": items}))
        return
    for subject, username, password in rows:
        print(f"{subject}\n  user name  {username}\n  password   {password}")
    print("The passwords are shown only now.")


def _write_csv(rows: Sequence[Row], out: Path) -> None:
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        message = f"{out} cannot be made: {error.strerror}"
        raise ConfigError(message) from error
    with os.fdopen(descriptor, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([_COLUMNS, *rows])


@group.command("revoke")
@click.argument("subject")
@click.option("--username", help="Only this one of its user names.")
@_json_option
def revoke(subject: str, username: str | None, *, as_json: bool) -> None:
    """End credentials at once; who is connected with them is disconnected."""
    with _connected() as conn:
        count = store.revoke(conn, credentials.subject(subject), username)
    if as_json:
        print(json.dumps({"subject": subject, "revoked": count}))
        return
    print(f"{count} credentials of {subject} are revoked.")


@group.command("list")
@click.option("--park", help="Only those that speak for devices of this park.")
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
@_json_option
def list_credentials(park: str | None, *, everything: bool, as_json: bool) -> None:
    """Show who has credentials; never the passwords."""
    now = datetime.now(UTC)
    with _connected() as conn:
        found = store.listed(conn, park)
    shown = [
        _shown(each, now)
        for each in found
        if everything or credentials.state(each, now) != "ended"
    ]
    if as_json:
        print(json.dumps({"items": shown}))
        return
    for each in shown:
        until = "" if each["expires_at"] is None else f"  until {each['expires_at']}"
        print(f"{each['subject']}  {each['username']}  {each['state']}{until}")
    print(f"{len(shown)} credentials.")


def _shown(credential: Credential, now: datetime) -> dict[str, object]:
    expires, revoked = credential.expires_at, credential.revoked_at
    return {
        "subject": str(credential.subject),
        "username": credential.username,
        "state": credentials.state(credential, now).replace("_", " "),
        "devices": ["/".join(each) for each in credential.devices],
        "topics": [each._asdict() for each in credential.topics],
        "created_at": credential.created_at.isoformat(),
        "expires_at": None if expires is None else expires.isoformat(),
        "revoked_at": None if revoked is None else revoked.isoformat(),
    }


_folder_option = click.option(
    "--folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Gets `passwords` and `acl`; own.passwords and own.acl there are put before.",
)


@group.command("write")
@_folder_option
@_json_option
def write(folder: Path, *, as_json: bool) -> None:
    """Write Mosquitto's files of passwords and rights once."""
    with _connected() as conn:
        active = store.active(conn)
    changed = files.write(folder, active)
    if as_json:
        print(json.dumps({"credentials": len(active), "changed": changed}))
        return
    what = "are written; have Mosquitto reload them" if changed else "are unchanged"
    print(f"{len(active)} credentials: passwords and acl {what}.")


@group.command("follow")
@_folder_option
@click.option(
    "--pid-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Mosquitto's pid_file: it is told at once (SIGHUP).",
)
@click.option(
    "--otherwise",
    type=click.Choice([each.value for each in Otherwise]),
    default=Otherwise.RELOAD.value,
    show_default=True,
    help="What to do while an ingest worker is away, for whom SIGHUP may lose messages;"
    " restart: SIGTERM, if something starts Mosquitto again.",
)
def follow(folder: Path, pid_file: Path | None, otherwise: str) -> None:
    """Keep Mosquitto's files as the database says, until stopped."""
    config = settings.load()
    logs.configure(config.log_level, config.log_format)
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    broker = None if pid_file is None else Broker(pid_file, Otherwise(otherwise))
    url = config.required_database_url()
    with commandline.database(url, name="parkpulse credentials") as database:
        _follower(config, database, folder, broker).run(stop)


def _follower(
    config: Settings, database: Database, folder: Path, broker: Broker | None
) -> Follower:
    pair = None if config.mqtt_listen is None else config.mqtt_pair()
    return Follower(database, folder, broker, pair)
