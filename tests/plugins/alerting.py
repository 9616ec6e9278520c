"""A park with alert rules, and the alert consumer driven step by step.

Readings are stored and logged as ingest does it, in a park whose clock stands where the
test puts it; times are seconds after `T0`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from parkpulse.engine import alerts_watch
from parkpulse.engine.alerts import AlertConsumer
from parkpulse.engine.lease import LeaseKeeper
from parkpulse.engine.loop import Loop
from parkpulse.model import instants
from parkpulse.model.packed import CORRECTION, ChangeArrays
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, PlaceSpec, SeriesSpec
from parkpulse.model.rule import Level, RuleSpec, Threshold
from parkpulse.query import alerts
from parkpulse.store import (
    batchlog,
    channels,
    readings,
    registry,
    rules,
    surroundings,
)
from parkpulse.store.alerts import Search
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parkpulse.engine.alerts_watch import Watch
    from parkpulse.model.alert import Alert, Severity
    from parkpulse.store.pool import Connection, Database

T0 = instants.to_us(datetime(2026, 3, 1, tzinfo=UTC))
PAGE = "https://park.example"


def name(text: str) -> Name:
    return Name(zh=f"{text}(中)", en=text)


def park(devices: int) -> ParkSpec:
    return ParkSpec(
        code="harbour",
        name=name("Harbour"),
        accept_from=datetime(2026, 1, 1, tzinfo=UTC),
        clock="data",
        places=[PlaceSpec(code="river", kind="river_section", name=name("River"))],
        devices=[
            DeviceSpec(
                code=f"gauge-{number:02}",
                kind="water_level",
                name=name(f"Gauge {number}"),
                series=[SeriesSpec(metric="water_level")],
                place="river",
                report_interval_s=60,
            )
            for number in range(1, devices + 1)
        ],
    )


def rule(**changes: Any) -> RuleSpec:  # noqa: ANN401 - any field of a Threshold
    definition: dict[str, Any] = {
        "metric": "water_level",
        "direction": "above",
        "levels": [
            Level("medium", 1.0, name("warning stage")),
            Level("high", 2.0, name("guaranteed stage")),
        ],
        "deadband": 0.1,
        **changes,
    }
    return RuleSpec(
        code="level",
        name=name("High water"),
        definition=Threshold(**definition),
        source="test",
    )


@dataclass
class Bench:
    """Drives one consumer; `restart` is a kill and a new start."""

    database: Database
    gauges: int = 2
    park_id: int = 0
    series: list[int] = field(default_factory=list)
    loop: Loop = field(init=False)

    def __post_init__(self) -> None:
        with self.database.transaction() as conn:
            self.park_id = registry.apply(conn, park(self.gauges))
            found = conn.execute("select id from series order by id").fetchall()
        self.series = [series for (series,) in found]
        self.keeper = LeaseKeeper(self.database, "test")
        self.keeper.renew()
        self.restart()

    @staticmethod
    def name(text: str) -> Name:
        """Name of something that is called so in the bench's park."""
        return name(text)

    def restart(self) -> None:
        consumer = AlertConsumer(self.database, PAGE)
        self.loop = Loop(self.database, self.keeper, consumer)

    def watch(self) -> Watch:
        """Rows that the consumer would follow, one a gauge."""
        with self.database.transaction() as conn:
            known = surroundings.load(conn, range(64))
            return alerts_watch.build(rules.load(conn), known)

    def apply(self, *specs: RuleSpec, own: bool = True) -> None:
        with self.database.transaction() as conn:
            rules.apply(conn, specs, self.park_id if own else None)

    def set_clock(self, at_s: float) -> None:
        with self.database.transaction() as conn:
            conn.execute(
                "update park set data_now = %s where id = %s",
                [instants.from_us(T0 + round(at_s * 1e6)), self.park_id],
            )

    def store(self, samples: Sequence[tuple[float, float]], *, gauge: int = 1) -> None:
        """Store and log readings (seconds, value) of a gauge in this order."""
        self.store_all([(gauge, *each) for each in samples])

    def store_all(
        self, samples: Sequence[tuple[int, float, float]], writer: str = "ingest-1"
    ) -> None:
        """Store and log readings (gauge, seconds, value) in this order."""
        series = [self.series[gauge - 1] for gauge, _, _ in samples]
        with self.database.transaction() as conn:
            flags = [
                self._put(conn, each, ts, value)
                for each, (_, ts, value) in zip(series, samples, strict=True)
            ]
            changes = ChangeArrays(
                np.array(series, np.int32),
                np.array([us(ts) for _, ts, _ in samples], np.int64),
                np.array([value for _, _, value in samples], np.float64),
                np.array(flags, np.uint8),
            )
            batchlog.append(conn, writer, {self.park_id % 64: changes})

    @staticmethod
    def _put(conn: Connection, series: int, ts: float, value: float) -> int:
        key = np.array([series], np.int32), np.array([us(ts)], np.int64)
        exists = readings.stored(conn, *key).exists
        if exists[0]:
            readings.replace(conn, *key, np.array([value]))
            return CORRECTION
        readings.insert(conn, *key, np.array([value]))
        return 0

    def run(self, at_s: float | None = None) -> None:
        """Put the clock there and let the consumer read all there is."""
        if at_s is not None:
            self.set_clock(at_s)
        while self.loop.step():
            pass

    def run_until(self, condition: Callable[[], bool], at_s: float) -> None:
        """Step until news of the registry has arrived and shows."""
        self.set_clock(at_s)

        def steps() -> bool:
            self.run()
            return condition()

        wait_until(steps)

    def feed(self, samples: Sequence[tuple[float, float]], gauge: int = 1) -> None:
        """Store readings one by one, each at its own time, and follow them."""
        for ts, value in samples:
            self.store([(ts, value)], gauge=gauge)
            self.run(ts)

    def alerts(self) -> list[Alert]:
        """All alerts, oldest raise first."""
        with self.database.transaction() as conn:
            page = alerts.listed(conn, Search(), order="raised_at", limit=1000)
        return list(page.items)

    def alert(self) -> Alert:
        (found,) = self.alerts()
        return found

    def events(self, *, kinds: bool = False) -> list[Any]:
        """(kind, seconds) of all events in order of their record."""
        with self.database.transaction() as conn:
            found = conn.execute("select kind, at from alert_event order by id")
            rows = found.fetchall()
        if kinds:
            return [kind for kind, _ in rows]
        return [(kind, seconds(at)) for kind, at in rows]

    def messages(self) -> list[str]:
        """Types of all messages in the outbox, in order."""
        with self.database.transaction() as conn:
            rows = conn.execute(
                "select body::jsonb ->> 'type' from outbox order by alert_event_id"
            ).fetchall()
        return [kind for (kind,) in rows]

    def intervals(self, gauge: int = 1) -> list[tuple[float, float, float | None]]:
        """(onset, raised, cleared) of the recorded conditions in seconds."""
        subject = f"harbour/gauge-{gauge:02}/water_level"
        with self.database.transaction() as conn:
            rows = conn.execute(
                """
                select onset, raised_at, cleared_at from condition_interval
                where subject = %s order by raised_at
                """,
                [subject],
            ).fetchall()
        return [
            (seconds(onset), seconds(raised), cleared and seconds(cleared))
            for onset, raised, cleared in rows
        ]

    def acknowledge(self, actor: str = "Li") -> Alert:
        (alert,) = [each for each in self.alerts() if each.state != "normal"]
        with self.database.transaction() as conn:
            return alerts.acknowledge(
                conn, alerts.parse_id(alert.id), actor, page_url=PAGE
            )

    def add_channel(
        self,
        url: str = "https://example.com/",
        least: Severity = "low",
        *,
        name: str = "duty",
        secret: bytes = b"",
    ) -> None:
        with self.database.transaction() as conn:
            channels.add(conn, name, url, secret, least, None)


def us(at_s: float) -> int:
    return T0 + round(at_s * 1e6)


def seconds(moment: datetime) -> float:
    return (instants.to_us(moment) - T0) / 1e6
