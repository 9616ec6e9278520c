"""`parkpulse ingest`, `parkpulse ledger` and `parkpulse quarantine`."""

from __future__ import annotations

import base64
import json
import logging
import signal
import threading
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ingest import process
from ingest import replay as replaying
from ingest.fold import OnDifference
from ingest.receiver import Role
from ingest.registrar import Registrar
from parkpulse import listing, logs, settings
from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model import reasons, structs
from parkpulse.query import sequences
from parkpulse.store import commandline, parks
from parkpulse.store import ledger as ledgers
from parkpulse.store import quarantine as quarantines
from parkpulse.store.disk import Guard
from parkpulse.wire import profiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from uuid import UUID

    from parkpulse.settings import Settings
    from parkpulse.store.pool import Connection, Database
    from parkpulse.store.quarantine import Entry

_DAY_S = 86_400.0
_PAGE = 1000
_COLUMNS = (
    "received",
    "stored",
    "duplicate",
    "quarantined",
    "values_stored",
    "values_corrected",
    "values_duplicate",
    "values_refused",
    "dropped_by_broker",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _transaction() -> AbstractContextManager[Connection]:
    url = settings.load().required_database_url()
    return commandline.transaction(url, name="parkpulse ingest")


def _opened(config: Settings) -> AbstractContextManager[Database]:
    url = config.required_database_url()
    return commandline.database(url, size=2, name="parkpulse ingest")


_UNATTRIBUTED = "?"


def _check_park(connection: Connection, park: str | None) -> None:
    """Raise NotFoundError for a park that is none; asked when nothing is found of it.

    What came under a name that nobody has registered can be asked for all the same.
    """
    if park not in {None, _UNATTRIBUTED}:
        parks.find(connection, str(park))


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str))


@click.command()
@click.option(
    "--worker",
    default=1,
    show_default=True,
    type=click.IntRange(1, 999),
    help="Number of this worker; each process its own.",
)
@click.option(
    "--retire",
    is_flag=True,
    help="Only store what the broker still holds for this worker, then leave for good.",
)
def ingest(worker: int, *, retire: bool) -> None:
    """Receive messages over MQTT and store them.

    With PARKPULSE_INGEST_WORKERS above 1 the workers share the messages.
    """
    config = settings.load()
    logs.configure(config.log_level, config.log_format)
    profiles.use(config.home.expanduser() / profiles.FOLDER)
    # The worker itself tells when the database is away.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    role = Role.MEMBER if max(worker, config.ingest_workers) > 1 else Role.ALONE
    configuration = process.Configuration(
        database_url=config.required_database_url(),
        mqtt_url=config.required_mqtt_url(),
        number=worker,
        role=Role.RETIRING if retire else role,
        retention_s=config.raw_retention_days * _DAY_S,
        guard=Guard(
            (config.disk_folder or config.home).expanduser().absolute(),
            config.disk_warn_mb,
            config.disk_stop_mb,
        ),
        workers=config.ingest_workers,
    )
    structs.prepare()
    process.run(configuration, stop)


@click.command()
@click.option("--park", help="Only this park; ? is what could not be attributed.")
@click.option(
    "--hours",
    default=24,
    show_default=True,
    type=click.IntRange(1, 24 * 3660),
    help="The last so many hours of receipt, the present one included.",
)
@_json_option
def ledger(park: str | None, hours: int, *, as_json: bool) -> None:
    """Show what became of every message, by hour of receipt and source."""
    now = datetime.now(UTC)
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)
    with _transaction() as connection:
        rows = ledgers.hours(connection, start, now, park)
        refused = quarantines.reasons(connection, start, now, park)
        if not rows and not refused:
            _check_park(connection, park)
    totals = ledgers.total(rows)
    if as_json:
        _print_json(
            {
                "items": [
                    {
                        "hour": row.hour.isoformat(),
                        "source": row.source,
                        **asdict(row.counts),
                    }
                    for row in rows
                ],
                "totals": asdict(totals),
                "balanced": totals.is_balanced,
                "reasons": [
                    each._asdict() | {"hour": each.hour.isoformat()} for each in refused
                ],
            }
        )
        return
    _print_ledger(rows, totals)
    for each in refused:
        text = reasons.TEXTS[each.reason].en
        print(f"{each.hour:%Y-%m-%d %H}:00  {each.park}  {each.n} refused: {text}")


def _print_ledger(rows: Sequence[ledgers.LedgerRow], totals: ledgers.Counts) -> None:
    lines = [("hour (UTC)", "source", *(name.replace("_", " ") for name in _COLUMNS))]
    lines += [
        (f"{row.hour:%Y-%m-%d %H}:00", row.source, *_numbers(row.counts))
        for row in rows
    ]
    lines.append(("total", "", *_numbers(totals)))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, second, *numbers in lines:
        cells = [first.ljust(widths[0]), second.ljust(widths[1])]
        cells += [
            cell.rjust(width) for cell, width in zip(numbers, widths[2:], strict=True)
        ]
        print("  ".join(cells))
    verdict = "adds up" if totals.is_balanced else "DOES NOT ADD UP"
    print(f"The ledger {verdict}: received = stored + duplicate + quarantined.")


def _numbers(counts: ledgers.Counts) -> list[str]:
    return [str(getattr(counts, name)) for name in _COLUMNS]


@click.command()
@click.option("--park", help="Only this park.")
@click.option(
    "--hours",
    default=24,
    show_default=True,
    type=click.IntRange(1, 48),
    help="Messages received in the last so many hours.",
)
@_json_option
def gaps(park: str | None, hours: int, *, as_json: bool) -> None:
    """Name the messages that never came, by the numbers that devices give them."""
    now = datetime.now(UTC)
    with _transaction() as connection:
        found = sequences.gaps(connection, now - timedelta(hours=hours), now, park)
        if not found.items:
            _check_park(connection, park)
    if as_json:
        _print_json(asdict(found))
        return
    for gap in found.items:
        numbers = str(gap.first) if gap.count == 1 else f"{gap.first} to {gap.last}"
        print(f"{gap.park}/{gap.device}: {numbers} ({gap.count})")
    print(f"{found.missing} missing beside {found.numbered} numbered messages.")


@click.group()
def quarantine() -> None:
    """Show, replay and discard messages that were not stored."""


_filters = (
    click.option("--park", help="Only this park."),
    click.option(
        "--reason", type=click.Choice(sorted(reasons.TEXTS)), help="Only this reason."
    ),
)


def _filtered(command: Any) -> Any:  # noqa: ANN401 - click's own decorators are untyped
    for option in _filters:
        command = option(command)
    return command


@quarantine.command("list")
@_filtered
@click.option(
    "--state",
    type=click.Choice(["open", "replayed", "discarded"]),
    default="open",
    show_default=True,
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, _PAGE))
@_json_option
def list_entries(
    park: str | None,
    reason: str | None,
    state: quarantines.State,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """List the newest entries."""
    with _transaction() as connection:
        entries = quarantines.page(
            connection, limit, park=park, reason=reason, state=state
        )
        if not entries:
            _check_park(connection, park)
    if as_json:
        _print_json({"items": [_shown(entry) for entry in entries]})
        return
    for entry in entries:
        place = entry.topic.decode(errors="replace")
        print(f"{entry.id}  {entry.at:%Y-%m-%d %H:%M:%S}  {entry.reason}  {place}")
        print(f"    {entry.detail}")
    print(f"{len(entries)} entries.")


def _shown(entry: Entry) -> dict[str, object]:
    return {
        "id": str(entry.id),
        "at": entry.at.isoformat(),
        "source": entry.source,
        "park": entry.park,
        "device": entry.device,
        "topic": entry.topic.decode(errors="replace"),
        "reason": entry.reason,
        "detail": entry.detail,
        "length": entry.length,
        "sha256": entry.sha256.hex(),
        "whole": entry.is_whole,
        "refused": entry.refused,
        "state": entry.state,
        "state_at": entry.state_at and entry.state_at.isoformat(),
    }


@quarantine.command("show")
@click.argument("entry_id", metavar="ID", type=click.UUID)
@_json_option
def show_entry(entry_id: UUID, *, as_json: bool) -> None:
    """Show an entry with the message as it came."""
    with _transaction() as connection:
        entry = quarantines.get(connection, entry_id)
    if entry is None:
        raise NotFoundError(quarantines.KIND, str(entry_id))
    shown = _shown(entry) | _raw(entry)
    if as_json:
        _print_json(shown)
        return
    text = reasons.TEXTS[entry.reason]
    for name, value in {**shown, "reason": f"{entry.reason} ({text.en})"}.items():
        print(f"{name}: {value}")


def _raw(entry: Entry) -> dict[str, object]:
    try:
        return {"raw": entry.raw.decode()}
    except UnicodeDecodeError:
        return {"raw_base64": base64.b64encode(entry.raw).decode()}


def _selected(
    database: Database,
    ids: Sequence[UUID],
    is_all: bool,  # noqa: FBT001 - an option of the command line
    park: str | None,
    reason: str | None,
) -> list[UUID]:
    if bool(ids) == is_all:
        message = "name entries, or take all open ones with --all"
        raise click.UsageError(message)
    if ids:
        return list(ids)
    found: list[UUID] = []
    after = None
    with database.transaction() as connection:
        while page := quarantines.page(
            connection,
            _PAGE,
            park=park,
            reason=reason,
            state="open",
            after=after,
            order="at",  # as they came
        ):
            found += [entry.id for entry in page]
            after = (page[-1].at, page[-1].id)
        if not found:
            _check_park(connection, park)
    return found


@quarantine.command("replay")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.UUID)
@click.option("--all", "is_all", is_flag=True, help="All open entries.")
@_filtered
@click.option("--force", is_flag=True, help="Overwrite values stored meanwhile.")
@_json_option
def replay_entries(
    ids: tuple[UUID, ...],
    park: str | None,
    reason: str | None,
    *,
    is_all: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Put messages through the pipeline again, with their first receipt."""
    config = settings.load()
    profiles.use(config.home.expanduser() / profiles.FOLDER)
    on_difference = OnDifference.REPLACE if force else OnDifference.KEEP
    retention_s = config.raw_retention_days * _DAY_S
    results: list[dict[str, Any]] = []
    with _opened(config) as database:
        registrar = Registrar(database)
        for entry_id in _selected(database, ids, is_all, park, reason):
            try:
                done = replaying.replay(
                    database, registrar, entry_id, retention_s, on_difference
                )
            except (InvalidRequestError, NotFoundError) as error:
                results.append({"id": str(entry_id), "error": str(error)})
            else:
                results.append(msgspec.to_builtins(done))
            if not as_json:
                print(_sentence(results[-1]))
    if as_json:
        _print_json({"items": results})
    else:
        listing.say_if_none(results, "entries")
    if any("error" in result for result in results):
        raise SystemExit(1)


def _sentence(result: dict[str, Any]) -> str:
    if "error" in result:
        return f"{result['id']}: {result['error']}"
    numbers = ", ".join(
        f"{result[name]} {name}"
        for name in ("stored", "corrected", "duplicate", "kept", "refused")
        if result[name]
    )
    return f"{result['id']}: {result['state']}; values: {numbers or 'none'}"


@quarantine.command("discard")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.UUID)
@click.option("--all", "is_all", is_flag=True, help="All open entries.")
@_filtered
@_json_option
def discard_entries(
    ids: tuple[UUID, ...],
    park: str | None,
    reason: str | None,
    *,
    is_all: bool,
    as_json: bool,
) -> None:
    """Mark messages as not to be replayed; they stay in the quarantine."""
    with _opened(settings.load()) as database:
        wanted = _selected(database, ids, is_all, park, reason)
        for entry_id in wanted:
            replaying.discard(database, entry_id)
    if as_json:
        _print_json({"discarded": [str(entry_id) for entry_id in wanted]})
        return
    print(f"{len(wanted)} entries discarded.")


if __name__ == "__main__":
    ingest()
