"""The process that watches the others and uses the emergency channel."""

from __future__ import annotations

import contextlib
import logging
import platform
import socket
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from uuid_utils import compat

from parkpulse.errors import ParkpulseError, StoreError
from parkpulse.notify import dispatch, emergency, schedule
from parkpulse.notify.platforms.contract import Task
from parkpulse.notify.schedule import Step
from parkpulse.store import health, outages, pool

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.notify.dispatch import Dispatcher
    from parkpulse.notify.emergency import Outage, Part, Say, State
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
    """

    def __init__(
        self,
        home: Path,
        database_url: str,
        mqtt_url: str,
        vault: Vault,
        dispatcher: Dispatcher,
        guard: Guard | None = None,
    ) -> None:
        self._home = home
        self._database_url = database_url
        self._mqtt_url = mqtt_url
        self._vault = vault
        self._dispatcher = dispatcher
        self._guard = guard
        self._stop = threading.Event()
        self._state = emergency.read_state(home)

    def stop(self) -> None:
        """End after what is being done."""
        self._stop.set()

    def run(self) -> None:
        """Watch until stopped."""
        while not self._stop.is_set():
            try:
                self.look(datetime.now(UTC))
            except ParkpulseError as error:
                _log.warning("the emergency watch cannot tell: %s", error)
            self._stop.wait(PERIOD_S)

    def look(self, now: datetime) -> State:
        """Look once, tell what must be told, record what can be recorded."""
        away = self._away()
        say = emergency.step(self._state, away, now, str(compat.uuid7()))
        if say is not None:
            self._tell(say, now)
        if "database" not in away and self._state.finished:
            self._record()
        emergency.write_state(self._home, self._state)
        return self._state

    def _away(self) -> set[Part]:
        away: set[Part] = set()
        try:
            with pool.connect(self._database_url, name="parkpulse watch") as conn:
                if not outages.is_engine_alive(conn):
                    away.add("engine")
                if not outages.is_ingest_alive(conn):
                    away.add("ingest")
                away |= troubles(health.signs(conn))
        except StoreError:
            away = {"database"}
        if self._guard is not None and self._guard.check() == "full":
            away.add("disk")
        if not _answers(self._mqtt_url):
            away.add("broker")
        return away

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


def troubles(signs: Signs) -> set[Part]:
    """Tell which processes live but do not get on."""
    found: set[Part] = set()
    if (signs.unread_batch_s or 0.0) > BEHIND_S:
        found.add("backlog")
    if (signs.overdue_delivery_s or 0.0) > OVERDUE_S:
        found.add("outbox")
    return found


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
