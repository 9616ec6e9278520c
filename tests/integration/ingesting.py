"""Parts of ingest for its tests: a registered park and a worker without a network."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from ingest.arrivals import Arrival, Inbox
from ingest.registrar import Registrar
from ingest.worker import Worker
from parkpulse.model import instants
from parkpulse.model.registry import ParkSpec
from parkpulse.store import batchlog, ledger, quarantine, registry, workers
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.worker import Replies
    from parkpulse.model.packed import LoggedBatch
    from parkpulse.store.ledger import Counts
    from parkpulse.store.quarantine import Entry

NAME = {"zh": "名", "en": "name"}
RETENTION_S = 90 * 86_400.0
ACCEPT_FROM = datetime(2020, 1, 1, tzinfo=UTC)


def now_us() -> int:
    return time.time_ns() // 1000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def park(code: str = "demo", **changed: object) -> ParkSpec:
    document = {
        "code": code,
        "name": NAME,
        "accept_from": ACCEPT_FROM,
        "devices": [
            device("gauge", "water_level", "battery_voltage"),
            device("drifting", "water_level", "battery_voltage", clock="untrusted"),
            device(
                "rain",
                {
                    "metric": "rainfall_interval",
                    "stamp": "start",
                    "report_interval_s": 900,
                },
            ),
            device(
                "meter",
                {
                    "metric": "active_power",
                    "calibration": [
                        {
                            "valid_from": datetime(2026, 1, 1, tzinfo=UTC),
                            "scale": 20.0,
                            "offset": 5.0,
                            "source": "CT 100/5",
                        }
                    ],
                },
            ),
        ],
    }
    return msgspec.convert(document | changed, ParkSpec)


def device(code: str, *series: str | dict[str, Any], **more: object) -> dict[str, Any]:
    return {
        "code": code,
        "kind": "sensor",
        "name": NAME,
        "series": [
            {"metric": each} if isinstance(each, str) else each for each in series
        ],
        **more,
    }


def topic(device_code: str = "gauge", park_code: str = "demo") -> str:
    return f"parkpulse/v1/{park_code}/{device_code}/telemetry"


def payload(ts: int | str | None = None, /, **values: object) -> bytes:
    """One sample at `ts` (now if None) in the native format."""
    at = now_ms() if ts is None else ts
    return msgspec.json.encode({"sent": at, "samples": [{"ts": at, "values": values}]})


@dataclass
class FakeReceiver:
    """Remembers what was acknowledged."""

    acknowledged: list[Arrival] = field(default_factory=list)
    is_connected: bool = True
    is_paused: bool = False
    dropped_by_broker: int | None = None
    followed: list[str] = field(default_factory=list)

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        self.acknowledged.extend(arrivals)

    def pause(self) -> None:
        self.is_paused = True

    def follow(self, filters: Sequence[str]) -> None:
        self.followed = list(filters)


class Bench:
    """A worker on a real database, fed by hand."""

    def __init__(
        self, url: str, name: str = "ingest-1", replies: Replies | None = None
    ) -> None:
        self.database = Database(url)
        self.database.open()
        self.inbox = Inbox(linger_s=0.0)
        self.receiver = FakeReceiver()
        self.registrar = Registrar(self.database)
        self.stop = threading.Event()
        run = uuid.uuid4()
        with self.database.transaction() as connection:
            workers.start(connection, name, run)
        self.worker = Worker(
            self.database,
            self.inbox,
            self.receiver,
            self.registrar,
            name,
            run,
            RETENTION_S,
            self.stop,
            replies,
        )
        self.number = 0

    def close(self) -> None:
        self.database.close()

    def register(self, *specs: ParkSpec) -> None:
        with self.database.transaction() as connection:
            for spec in specs:
                registry.apply(connection, spec)
        self.registrar.forget()

    def arrival(
        self, raw: bytes, on: str | None = None, received_us: int | None = None
    ) -> Arrival:
        self.number += 1
        received = now_us() if received_us is None else received_us
        return Arrival(self.number, received, on or topic(), raw, 1, self.number, 1)

    def receive(self, *messages: bytes, on: str | None = None) -> None:
        """Commit messages as one batch."""
        self.worker.commit([self.arrival(each, on) for each in messages])

    def rows(self, query: bytes) -> list[tuple[Any, ...]]:
        with self.database.transaction() as connection:
            return connection.execute(query).fetchall()

    def readings(self) -> list[tuple[str, str, int, float]]:
        """Device, metric, time [us], value of all readings."""
        found = self.rows(
            b"select d.code, s.metric, r.ts, r.value from reading r"
            b" join series s on s.id = r.series join device d on d.id = s.device_id"
            b" order by d.code, s.metric, r.ts"
        )
        return [
            (code, metric, instants.to_us(ts), value)
            for code, metric, ts, value in found
        ]

    def totals(self, park_code: str | None = None) -> Counts:
        with self.database.transaction() as connection:
            rows = ledger.hours(
                connection,
                datetime(2000, 1, 1, tzinfo=UTC),
                datetime(2100, 1, 1, tzinfo=UTC),
                park_code,
            )
        return ledger.total(rows)

    def quarantine(self) -> list[Entry]:
        """All entries, the oldest first."""
        with self.database.transaction() as connection:
            return quarantine.page(connection, 1000)[::-1]


def bench(url: str) -> Iterator[Bench]:
    made = Bench(url)
    made.register(park())
    yield made
    made.close()


def values(bench: Bench, device: str = "gauge") -> list[tuple[int, float]]:
    """Time [us] and value of the water levels, or what the device has."""
    return [(ts, value) for code, _, ts, value in bench.readings() if code == device]


def logged(bench: Bench) -> list[LoggedBatch]:
    with bench.database.transaction() as connection:
        return batchlog.tail(connection, {}, 1000)


def audited(bench: Bench) -> list[tuple[float, float, str]]:
    return bench.rows(
        b"select old_value, new_value, cause from reading_audit order by at, ts"
    )


def encoded(document: object) -> bytes:
    return msgspec.json.encode(document)
