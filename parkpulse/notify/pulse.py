"""The service's own state as readings of its own park, sent as any device sends.

Whoever watches the processes sends them: it lives without database and broker, and runs
on every machine whether a supervisor, systemd or a container starts the rest. While the
broker is away the reports wait here, so that the record is complete afterwards.
"""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from parkpulse import bus
from parkpulse.errors import BrokerError, StoreError
from parkpulse.model import instants, service_park
from parkpulse.model.message import Message
from parkpulse.store import pool, processes
from parkpulse.store import service_park as store
from parkpulse.wire import native

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from parkpulse.store.disk import State
    from parkpulse.store.health import Queues, Signs

_HOUR = timedelta(hours=1)
_KEPT = 240
"""Reports of a device that wait for the broker at most: two hours."""
_UNSTORED = timedelta(hours=1)
"""A report that is not stored by then was lost or refused."""
_PATIENCE_S = 1.0
"""A broker that answers nothing must not keep the watch from watching. [s]"""
_SIGN_S = 3.0 * service_park.INTERVAL_S
_DISK_STATES: Mapping[State, float] = {"ok": 0.0, "low": 1.0, "full": 2.0}
_log = logging.getLogger(__name__)

Values = dict[str, dict[str, float]]
"""Value by device and metric."""


class Traces(NamedTuple):
    """What the processes leave in the database."""

    signs: Signs
    queues: Queues
    offset_s: float
    """Time between the clocks of the database and this machine. [s]"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the watch saw at one moment."""

    at: datetime
    broker: bool
    traces: Traces | None
    """None: the database is away."""
    disk: tuple[State, float] | None = None
    """State and free share, if it is watched. [%]"""
    restarts: int | None = None
    """Within the last hour; None: no supervisor tells."""


def values(seen: Seen, host: str, unstored: Collection[datetime]) -> Values:
    """Say as readings what was seen; what is not known is left out.

    Parameters
    ----------
    seen
        What the watch saw.
    host
        Name of this machine.
    unstored
        Times of own reports that have been sent and are not stored.
    """
    own: dict[str, float] = {
        service_park.PROBE: float(seen.broker),
        "database_reachable": float(seen.traces is not None),
    }
    if seen.disk is not None:
        own["disk_state"] = _DISK_STATES[seen.disk[0]]
        own["disk_free_share"] = seen.disk[1]
    if seen.restarts is not None:
        own["process_restarts"] = float(seen.restarts)
    if seen.traces is None:
        return {service_park.host_code(host): own}
    own["clock_offset"] = abs(seen.traces.offset_s)
    lag = (seen.at - min(unstored, default=seen.at)).total_seconds()
    return {service_park.host_code(host): own} | _processes(seen.traces, lag)


def _processes(traces: Traces, lag_s: float) -> Values:
    return {
        "ingest": {
            "processes_running": float(traces.queues.ingests),
            "ingest_lag": lag_s,
            "messages_waiting": float(traces.queues.waiting),
        },
        "engine": {
            "processes_running": float(traces.signs.engines),
            "batch_log_lag": traces.signs.unread_batch_s or 0.0,
        },
        "notify": {
            "processes_running": float(traces.signs.notifiers),
            "outbox_age": traces.signs.overdue_delivery_s or 0.0,
            "messages_undelivered": float(traces.queues.undelivered),
            "messages_dead": float(traces.queues.dead),
        },
        "api": {"processes_running": float(traces.signs.apis)},
    }


def restarts(file: Path, now: datetime) -> int | None:
    """Count the supervisor's restarts within the last hour; None: there is none."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    count = 0
    for line in lines:
        with contextlib.suppress(ValueError):
            count += now - datetime.fromisoformat(line.partition(" ")[0]) <= _HOUR
    return count


@dataclass(slots=True)
class _Report:
    """A message on its way."""

    device: str
    payload: bytes
    receipt: bus.Receipt | None = None

    @property
    def is_taken(self) -> bool:
        return self.receipt is not None and self.receipt.state is bus.State.TAKEN

    @property
    def is_to_send(self) -> bool:
        """Not sent, or sent while nobody was subscribed."""
        return self.receipt is None or self.receipt.state in {
            bus.State.UNMATCHED,
            bus.State.REFUSED,
        }


class Pulse:
    """Registers the service as a park and reports its state there.

    Parameters
    ----------
    host
        Name of this machine.
    database_url, mqtt_url
        Where to register and where to report.
    """

    def __init__(
        self,
        host: str,
        database_url: str,
        mqtt_url: str,
    ) -> None:
        self._host = host
        self._database_url = database_url
        self._mqtt_url = mqtt_url
        self._publisher: bus.Publisher | None = None
        self._is_registered = False
        self._waiting: deque[_Report] = deque(
            maxlen=_KEPT * (1 + len(service_park.PROCESS_METRICS))
        )
        self._unstored: set[datetime] = set()
        self._next: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is time for a report."""
        return self._next is None or now >= self._next

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands; True before the first report.

        A broker that hangs still takes TCP connections, but loses those it had.
        """
        return self._publisher is None or self._publisher.connected

    def beat(self, seen: Seen) -> None:
        """Report what was seen, and what has been waiting."""
        self._next = seen.at + timedelta(seconds=service_park.INTERVAL_S)
        if seen.traces is not None:
            self._look_back(seen.at)
        if not self._is_registered:
            return
        for device, of in values(seen, self._host, self._unstored).items():
            self._waiting.append(_Report(device, _payload(seen.at, of)))
        self._unstored.add(seen.at)
        if seen.broker:
            self._send()

    def close(self) -> None:
        """Disconnect."""
        if self._publisher is not None:
            self._publisher.close()

    def _look_back(self, now: datetime) -> None:
        """Register, and see which reports have been stored."""
        self._unstored = {each for each in self._unstored if now - each < _UNSTORED}
        with (
            contextlib.suppress(StoreError),
            pool.connect(self._database_url, name="parkpulse watch") as conn,
        ):
            processes.sign(conn, processes.own_name("watch"), "watch", _SIGN_S)
            if not self._is_registered:
                self._register(store.register(conn, self._host))
            self._unstored -= store.arrived(conn, self._host, self._unstored)
            conn.commit()

    def _register(self, is_ours: bool) -> None:  # noqa: FBT001 - the answer
        self._is_registered = is_ours
        if not is_ours:
            _log.warning(
                "a park is called %r: the service's own state is not recorded",
                service_park.CODE,
            )

    def _send(self) -> None:
        with contextlib.suppress(BrokerError):
            publisher = self._opened()
            if not publisher.connected:
                return
            for report in self._unsent():
                topic = f"parkpulse/v1/{service_park.CODE}/{report.device}/telemetry"
                report.receipt = publisher.publish(topic, report.payload)

    def _unsent(self) -> Iterator[_Report]:
        while self._waiting and self._waiting[0].is_taken:
            self._waiting.popleft()
        return (each for each in self._waiting if each.is_to_send)

    def _opened(self) -> bus.Publisher:
        if self._publisher is None:
            made = bus.Publisher(self._mqtt_url, patience_s=_PATIENCE_S)
            made.open()
            self._publisher = made
        return self._publisher


def _payload(at: datetime, of: Mapping[str, float]) -> bytes:
    now = instants.to_us(at)
    message = Message([*of], [*of.values()], [now] * len(of), sent_us=now)
    return native.encode(message)
