"""`parkpulse db status`: what the database holds, and for how long the disk lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from parkpulse.store import compression as compressing
from parkpulse.store import migrate, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.store.compression import Saved
    from parkpulse.store.disk import Disk
    from parkpulse.store.pool import Connection
    from parkpulse.store.status import Horizons, Server, Table

_DAY_S = 86_400.0
_MOST_DAYS = 36_500.0
_SHOWN = 12
READING_BYTES = 100.0
"""Of a reading with its index, where too few are there to measure it. [bytes]"""
_ENOUGH = 100_000


class Report(NamedTuple):
    """State of a database."""

    migrations: int
    pending: list[str]
    server: Server | None = None
    tables: Sequence[Table] = ()
    compressed: Sequence[str] = ()
    saved: Sequence[Saved] = ()
    horizons: Horizons | None = None
    readings_per_s: float = 0.0
    disk: Disk | None = None


def report(conn: Connection, disk: Disk | None) -> Report:
    """Look at a database; of one that lacks migrations only those are told."""
    pending = [each.name for each in migrate.pending(conn)]
    known = len(migrate.known())
    if pending:
        return Report(known, pending)
    server = status.server(conn)
    return Report(
        known,
        pending,
        server,
        status.tables(conn),
        status.compressed(conn),
        compressing.saved(conn) if compressing.wanted(server.license) else (),
        status.horizons(conn),
        status.readings_per_s(conn),
        disk,
    )


def days_left(found: Report) -> float | None:
    """Tell how long the disk lasts at the last day's rate, if nothing is dropped. [d].

    None when nothing comes in or the disk is another machine's.
    """
    if found.disk is None or not found.readings_per_s:
        return None
    reading = status.names(found.tables).get("reading")
    each = READING_BYTES
    if reading is not None and reading.rows >= _ENOUGH:
        each = reading.bytes / reading.rows
    days = found.disk.free_bytes / (found.readings_per_s * _DAY_S * each)
    return min(days, _MOST_DAYS)


def compression(found: Report) -> str:
    """Say in one sentence whether compression is active."""
    if found.compressed:
        saved = "".join(f"; {_saved(each)}" for each in found.saved if each.chunks)
        return f"active for {', '.join(found.compressed)}{saved}"
    if found.server is not None and compressing.wanted(found.server.license):
        return "allowed by the licence, not switched on: run 'parkpulse db migrate'"
    return "not available: this build of TimescaleDB is the Apache edition"


def _saved(each: Saved) -> str:
    sizes = f"{_size(each.before)} became {_size(each.after)}"
    return f"{each.table}: {each.chunks} chunks of {sizes}"


def as_json(found: Report) -> dict[str, Any]:
    """Report for programs."""
    content: dict[str, Any] = {
        "migrations": found.migrations,
        "pending": found.pending,
    }
    if found.server is None or found.horizons is None:
        return content
    return content | {
        "server": found.server._asdict(),
        "tables": [
            {**each._asdict(), "bytes_per_row": each.bytes_per_row}
            for each in found.tables
        ],
        "compression": compression(found),
        "compressed": [each._asdict() for each in found.saved],
        "dropped_before": found.horizons._asdict(),
        "readings_per_s": found.readings_per_s,
        "disk": None if found.disk is None else found.disk._asdict(),
        "days_left": days_left(found),
    }


def lines(found: Report) -> list[str]:
    """Report for people."""
    applied = found.migrations - len(found.pending)
    told = [f"{applied} of {found.migrations} migrations applied"]
    told += [f"pending: {name}" for name in found.pending]
    if found.server is None or found.horizons is None:
        return told
    server = found.server
    dropped = ", ".join(
        f"{name} {moment or 'never'}"
        for name, moment in found.horizons._asdict().items()
    )
    edition = f"TimescaleDB {server.timescaledb} ({server.license} licence)"
    told += [
        f"PostgreSQL {server.version}, {edition}, {_size(server.bytes)}",
        f"compression: {compression(found)}",
        f"dropped before: {dropped}",
        f"readings in the last day: {found.readings_per_s:.1f}/s",
    ]
    if found.disk is not None:
        days = days_left(found)
        lasts = "" if days is None else f", {days:.0f} days at this rate"
        told.append(f"disk: {_size(found.disk.free_bytes)} free{lasts}")
    return told + [_table(each) for each in found.tables[:_SHOWN]]


def _table(each: Table) -> str:
    text = f"{each.name:24} {_size(each.bytes):>10} {each.rows:>12} rows"
    if each.bytes_per_row is not None:
        text += f" {each.bytes_per_row:8.0f} B/row"
    if each.oldest is not None and each.newest is not None:
        text += f"  {each.chunks} chunks {each.oldest:%Y-%m-%d}..{each.newest:%Y-%m-%d}"
    return text


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:  # noqa: PLR2004 - decimal units
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"
