"""The process that watches the others and uses the emergency channel."""

from __future__ import annotations

import contextlib
import logging
import platform
import socket
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from uuid_utils import compat

from parkpulse.errors import ParkpulseError, StoreError
from parkpulse.model import service_park
from parkpulse.notify import dispatch, emergency, schedule
from parkpulse.notify.platforms.contract import Task
from parkpulse.notify.pulse import Seen, Traces, restarts
from parkpulse.notify.schedule import Step
from parkpulse.store import health, outages, pool, status

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.notify.dispatch import Dispatcher
    from parkpulse.notify.emergency import Outage, Part, Say, State
    from parkpulse.notify.pulse import Pulse
    from parkpulse.notify.vault import Vault
    from parkpulse.store.disk import Guard
    from parkpulse.store.health import Signs

PERIOD_S = 5.0
BEHIND_S = 300.0
"""An engine this much behind is in trouble. [s]"""
OVERDUE_S = 900.0
"""A message that is overdue for so long will not arrive by itself. [s]"""
_ANSWER_S = 3.0
_MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_log = logging.getLogger(__name__)


class Watch:
    """Looks every few seconds; needs neither database nor broker.

    Parameters
    ----------
    home
        Folder of the emergency channel's file and of what is remembered.
    database_url, mqtt_url
        What is watched.
    vault, dispatcher
        Open the channel's secret and send.
    guard
        Watches the disk; None: nobody does.
    pulse
        Gets what is seen, as readings of the service's own park; None: nobody does.
    """

    def __init__(
        self,
        home: Path,
        database_url: str,
        mqtt_url: str,
        vault: Vault,
        dispatcher: Dispatcher,
        guard: Guard | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self._home = home
        self._database_url = database_url
        self._mqtt_url = mqtt_url
        self._vault = vault
        self._dispatcher = dispatcher
        self._guard = guard
        self._pulse = pulse
        self._stop = threading.Event()
        self._state = emergency.read_state(home)

    def stop(self) -> None:
        """End after what is being done."""
        self._stop.set()

    def run(self) -> None:
        """Watch until stopped."""
        while not self._stop.is_set():
            try:
                self.look(_now())
            except ParkpulseError as error:
                _log.warning("the emergency watch cannot tell: %s", error)
            self._stop.wait(PERIOD_S)
        if self._pulse is not None:
            self._pulse.close()

    def look(self, now: datetime) -> State:
        """Look once, tell what must be told, record what can be recorded."""
        seen = self._see(now)
        away = missing(seen)
        say = emergency.step(self._state, away, now, str(compat.uuid7()))
        if say is not None:
            self._tell(say, now)
        if seen.traces is not None and self._state.finished:
            self._record()
        emergency.write_state(self._home, self._state)
        if self._pulse is not None and self._pulse.is_due(now):
            self._pulse.beat(seen)
        return self._state

    def _see(self, now: datetime) -> Seen:
        disk = None
        if self._guard is not None:
            disk = (self._guard.check(), self._guard.free_share)
        return Seen(
            at=now,
            broker=_answers(self._mqtt_url)
            and (self._pulse is None or self._pulse.is_connected),
            traces=self._traces(),
            disk=disk,
            restarts=restarts(self._home / "logs" / service_park.RESTARTS, now),
        )

    def _traces(self) -> Traces | None:
        try:
            with pool.connect(self._database_url, name="parkpulse watch") as conn:
                before = time.time()
                clock = status.clock_s(conn)
                offset = clock - (before + time.time()) / 2
                return Traces(health.signs(conn), health.queues(conn), offset)
        except StoreError:
            return None

    def _tell(self, say: Say, now: datetime) -> None:
        channel = emergency.read_channel(self._home)
        if channel is None:
            if say.is_over:
                emergency.finish(self._state)
            return
        if say.is_over and say.outage.told_at is None:
            # Nobody heard that it began, so nobody needs to hear that it is over.
            emergency.finish(self._state)
            return
        task = Task(
            id=say.outage.id + ("-end" if say.is_over else ""),
            card=emergency.card(say, channel.options.language, platform.node()),
            body=_body(say, now),
            credentials=dispatch.unseal(self._vault, channel.sealed.encode(), ""),
            options=channel.options,
            now=datetime.now(UTC),  # signatures go by the platform's clock
        )
        outcome = self._dispatcher.carry(channel.kind, task, say.outage.id)
        arrived = schedule.step(outcome, 1, 0.0) is Step.DELIVERED
        error = None if arrived else outcome.error or f"HTTP {outcome.status}"
        emergency.told(self._state, say, now, channel.name, error)

    def _record(self) -> None:
        with (
            contextlib.suppress(StoreError),
            pool.connect(self._database_url, name="parkpulse watch") as conn,
        ):
            for each in self._state.finished:
                outages.add(conn, _row(each))
            conn.commit()
            self._state.finished = []


def missing(seen: Seen) -> set[Part]:
    """Tell what is away, and what lives but does not get on."""
    found: set[Part] = set() if seen.broker else {"broker"}
    if seen.disk is not None and seen.disk[0] == "full":
        found.add("disk")
    if seen.traces is None:
        return found | {"database"}
    if not seen.traces.signs.engines:
        found.add("engine")
    if not seen.traces.signs.notifiers:
        found.add("notify")
    if not seen.traces.queues.ingests:
        found.add("ingest")
    return found | troubles(seen.traces.signs)


def troubles(signs: Signs) -> set[Part]:
    """Tell which processes live but do not get on."""
    found: set[Part] = set()
    if (signs.unread_batch_s or 0.0) > BEHIND_S:
        found.add("backlog")
    if (signs.overdue_delivery_s or 0.0) > OVERDUE_S:
        found.add("outbox")
    return found


def _now() -> datetime:
    """Tell the time in whole milliseconds, as messages do."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _row(outage: Outage) -> outages.Row:
    return outages.Row(**msgspec.structs.asdict(outage))


def _body(say: Say, now: datetime) -> str:
    """Body for programs."""
    content = {
        "type": "emergency.over" if say.is_over else "emergency.began",
        "timestamp": now,
        "data": {"parts": say.outage.parts, "began_at": say.outage.began_at},
    }
    return msgspec.json.encode(content).decode()


def _answers(mqtt_url: str) -> bool:
    parts = urlsplit(mqtt_url)
    port = parts.port or _MQTT_PORTS.get(parts.scheme, 1883)
    try:
        with socket.create_connection((parts.hostname or "", port), _ANSWER_S):
            return True
    except OSError:
        return False
