"""Checks of the database and of what the processes leave in it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from parkpulse.errors import ConfigError, StoreError
from parkpulse.services.doctor.finding import fail, ok, warn
from parkpulse.store import (
    figures,
    migrate,
    parks,
    pool,
    processes,
    status,
    workers,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from parkpulse.services.doctor.finding import Finding
    from parkpulse.store.figures import Samples
    from parkpulse.store.pool import Connection
    from parkpulse.store.processes import Kind, Process
    from parkpulse.store.status import Server
    from parkpulse.store.workers import Worker

_CLOCK_S = 2.0
_ALIVE_S = 30.0
_LAG_S = 60.0
_OVERDUE_S = 300.0
_HELD = timedelta(days=30)
_SAFE = ("fsync", "full_page_writes", "synchronous_commit")
_MOST_CONNECTIONS = 0.8
_REASONS = (
    (
        ("authentication failed", "no password supplied", 'role "'),
        "refuses the login ({})",
        "correct user and password in PARKPULSE_DATABASE_URL",
    ),
    (
        ('database "',),
        "has no such database ({})",
        "create it, or correct its name in PARKPULSE_DATABASE_URL",
    ),
    (
        ("too many clients", "remaining connection slots"),
        "has no connection left",
        "end what holds them, or raise max_connections",
    ),
    (
        ("failed to resolve host",),
        "is at a host that nobody knows ({})",
        "correct the host in PARKPULSE_DATABASE_URL, or the name service",
    ),
    (
        # The reason would repeat a part of the address, perhaps the password.
        ("connection info string", "invalid connection option", "invalid dsn"),
        "its address cannot be read",
        "write PARKPULSE_DATABASE_URL as postgresql://user:password@host:port/name",
    ),
)
"""What the driver says, what that means, and what to do."""


def database(url: str, ingest_workers: int) -> Iterator[Finding]:
    """Check the database, then all that it knows.

    Parameters
    ----------
    url
        Its address.
    ingest_workers
        How many ingest workers there should be in all.
    """
    try:
        pool.check(url)
        with pool.connect(url, name="parkpulse doctor") as conn:
            yield from _all(conn, ingest_workers)
    except ConfigError as error:
        yield fail("database", str(error), "see the message")
    except StoreError as error:
        yield away(" ".join(str(error).split()))


def away(reason: str) -> Finding:
    """Say why the database cannot be used, and what to do.

    Parameters
    ----------
    reason
        What the driver says, in one line.
    """
    for signs, text, remedy in _REASONS:
        if any(sign in reason for sign in signs):
            return fail("database", text.format(reason.rpartition(": ")[2]), remedy)
    remedy = (
        "start that server (a private one: 'parkpulse up'), or correct"
        " PARKPULSE_DATABASE_URL"
    )
    return fail("database", f"does not answer ({reason})", remedy)


def _all(conn: Connection, ingest_workers: int) -> Iterator[Finding]:
    found = status.server(conn)
    yield ok("database", f"PostgreSQL {found.version}, TimescaleDB {found.timescaledb}")
    yield licence(found)
    yield settings(found)
    yield clock(conn)
    pending = migrate.pending(conn)
    if pending:
        text = f"{len(pending)} migrations are to be applied"
        yield fail("migrations", text, "run 'parkpulse db migrate'")
        return
    yield ok("migrations", "all applied")
    known = workers.workers(conn)
    yield from ingest(known, ingest_workers)
    yield from others(processes.living(conn))
    yield from told(figures.read(conn))
    yield retention(conn)


def licence(found: Server) -> Finding:
    """Tell what the licence allows."""
    if found.license == "timescale":
        return ok("licence", "timescale: compression may be used")
    return ok("licence", f"{found.license or 'unknown'}: without compression")


def settings(found: Server) -> Finding:
    """Whether a power cut loses nothing, and connections are left."""
    unsafe = [name for name in _SAFE if getattr(found, name) == "off"]
    if unsafe:
        text = f"{', '.join(unsafe)} is off: a power cut loses or breaks data"
        return fail("settings", text, "set it to on in postgresql.conf")
    if found.connections > found.max_connections * _MOST_CONNECTIONS:
        text = f"{found.connections} of {found.max_connections} connections in use"
        return warn("settings", text, "raise max_connections")
    return ok("settings", "safe against power cuts")


def clock(conn: Connection) -> Finding:
    """Whether the database's clock and this machine's agree."""
    before = time.time()
    offset = status.clock_s(conn) - (before + time.time()) / 2
    text = f"{offset:+.2f} s between the database and this machine"
    if abs(offset) > _CLOCK_S:
        return fail("clock", text, "let both follow NTP (systemd-timesyncd, chrony)")
    return ok("clock", text)


def ingest(known: Sequence[Worker], wanted: int) -> Iterator[Finding]:
    """Check the receiving processes.

    Parameters
    ----------
    known
        All that ever ran and have not retired.
    wanted
        PARKPULSE_INGEST_WORKERS as this process has it.
    """
    now = datetime.now(UTC)
    alive = [each for each in known if (now - each.seen_at).total_seconds() <= _ALIVE_S]
    if not alive:
        yield fail("ingest", "no process receives", "start 'parkpulse up' or 'ingest'")
        return
    lost = [each.writer for each in alive if not each.is_connected]
    if lost:
        text = f"{', '.join(lost)} has no connection to the broker"
        yield fail("ingest", text, "start the broker, or correct PARKPULSE_MQTT_URL")
    else:
        yield ok("ingest", f"{len(alive)} at work")
    gone = {each.writer for each in known} - {each.writer for each in alive}
    yield _shares(alive, gone, wanted)


def _shares(alive: Sequence[Worker], gone: Collection[str], wanted: int) -> Finding:
    """Whether those that share the messages agree on how many they are."""
    name, all_of_them = "ingest workers", {f"ingest-{n + 1}" for n in range(wanted)}
    told = {each.workers for each in alive if each.workers is not None} | {wanted}
    surplus = sorted({each.writer for each in alive} - all_of_them)
    if len(told) > 1 or surplus:
        said = ", ".join(f"{each.writer} of {each.workers or '?'}" for each in alive)
        text = f"PARKPULSE_INGEST_WORKERS is {wanted} here, but there run {said}"
        remedy = (
            "set the same number on all machines and start the workers again; one too"
            " many leaves by 'parkpulse ingest --worker N --retire'"
        )
        return fail(name, text, remedy)
    left = sorted(set(gone) - all_of_them)
    if left:
        text = f"{', '.join(left)} ended without retiring: messages wait there"
        return fail(name, text, "'parkpulse ingest --worker N --retire' for each")
    missing = sorted(all_of_them - {each.writer for each in alive})
    if missing:
        text = f"{', '.join(missing)} does not run: its messages wait at the broker"
        return warn(name, text, "start it: 'parkpulse ingest --worker N'")
    return ok(name, f"{wanted} in all, as PARKPULSE_INGEST_WORKERS says")


_OTHERS: Sequence[tuple[Kind, str, str]] = (
    ("api", "nobody serves the page", "start 'parkpulse up' or 'parkpulse api'"),
    ("notify", "nobody delivers messages", "start 'parkpulse up' or 'notify'"),
    ("watch", "nobody watches the service", "start 'parkpulse notify watch'"),
)


def others(living: Sequence[Process]) -> Iterator[Finding]:
    """Check the processes that only give signs of life."""
    for kind, text, remedy in _OTHERS:
        count = sum(each.kind == kind for each in living)
        if count:
            yield ok(kind, f"{count} at work")
        else:
            yield (warn if kind == "watch" else fail)(kind, text, remedy)


def told(found: Mapping[str, Samples]) -> Iterator[Finding]:
    """Judge the figures that monitoring gets too."""
    engines = found["parkpulse_engine_processes"]
    still = [labels[0] for labels, value in engines if not value]
    if still or not engines:
        remedy = "start 'parkpulse up' or 'parkpulse engine'"
        text = f"{' and '.join(still) or 'alerts and figures'} stand still"
        yield fail("engine", text, remedy)
    else:
        yield ok("engine", f"{min(value for _, value in engines):.0f} at work")
    late = [
        f"{labels[0]} {value:.0f} s"
        for labels, value in found["parkpulse_consumer_lag_seconds"]
        if value > _LAG_S
    ]
    if late:
        text = f"behind: {', '.join(late)}"
        yield warn("lag", text, "look into home/logs/engine.log and at the load")
    else:
        yield ok("lag", "all consumers follow")
    yield _delivery(found)


def _delivery(found: Mapping[str, Samples]) -> Finding:
    overdue = _sum(found, "parkpulse_outbox_overdue_seconds")
    if overdue > _OVERDUE_S:
        text = f"the oldest message is {overdue:.0f} s overdue"
        return fail("deliveries", text, "see 'parkpulse notify deliveries'")
    dead = dict(found["parkpulse_outbox_messages"]).get(("dead",), 0.0)
    failing = _sum(found, "parkpulse_channels_failing")
    if dead or failing:
        text = f"{dead:.0f} messages given up, {failing:.0f} channels fail"
        remedy = "'parkpulse notify channels list', then 'deliveries resend'"
        return warn("deliveries", text, remedy)
    return ok("deliveries", "nothing is overdue")


def _sum(found: Mapping[str, Samples], name: str) -> float:
    return sum(value for _, value in found[name])


def held(clocks: Mapping[str, datetime], now: datetime) -> Finding | None:
    """Tell of a park whose clock keeps everything; None: there is none.

    Parameters
    ----------
    clocks
        The time of each park.
    now
        Wall time.
    """
    behind = {code: at for code, at in clocks.items() if now - at > _HELD}
    if not behind:
        return None
    code = min(behind, key=behind.__getitem__)
    text = f"the clock of park {code!r} stands at {behind[code]:%Y-%m-%d}: no park's"
    text += " readings since then are dropped"
    remedy = "give it 'clock: wall' if its replay is over"
    return warn("retention", text, remedy)


def retention(conn: Connection) -> Finding:
    """Tell from when on readings are kept, or what keeps them all."""
    now = datetime.now(UTC)
    clocks = {row.code: parks.park_clock(row, now) for row in parks.parks(conn)}
    stuck = held(clocks, now)
    if stuck is not None:
        return stuck
    horizon = status.horizons(conn).readings
    since = "all" if horizon is None else f"since {horizon:%Y-%m-%d}"
    return ok("retention", f"single readings: {since}")
