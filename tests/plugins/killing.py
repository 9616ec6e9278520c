"""Alerts that rise, worsen and clear while `kill -9` hits the engine and notify.

Groups of gauges follow one another over one line of event time. A group's next phase is
stored when all of its last one is recorded, so that it is known which transitions and
messages there must be in the end, however often anybody was killed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from parkpulse.model.packed import ChangeArrays
from parkpulse.store import batchlog, readings
from tests.plugins.alerting import us
from tests.plugins.fix_chain import COMMAND
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.plugins.alerting import Bench
    from tests.plugins.fix_webhook import Webhook

PHASES = (("raised", 1.5), ("severity", 2.5), ("cleared", 0.5))
"""What a group does, and the reading that says so."""
STEP_S = 60.0
_BETWEEN = 2
_WITHIN_S = 120.0
_LOOK_EVERY_S = 0.1
_AT_ONCE = 0.2
"""Share of the kills that do not wait until the process is at work."""


class Victim:
    """A process that is killed at random moments and started again at once."""

    def __init__(self, name: str, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.kills = 0
        self._environment = environment
        self._log = log
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as output:
            self._child = subprocess.Popen(
                [COMMAND, self.name],
                env=self._environment,
                stdout=output,
                stderr=output,
            )

    def kill(self) -> None:
        self._child.kill()
        self._child.wait()
        self.kills += 1

    def stop(self) -> int:
        self._child.terminate()
        return self._child.wait(timeout=_WITHIN_S)


@dataclass
class Storm:
    """Gauges in groups, the processes, and what must have come of it."""

    bench: Bench
    group: int
    """Gauges of a group."""
    webhook: Webhook
    folder: Path
    pause_s: tuple[float, float]
    """Least and longest time that one works before it is killed. [s]"""
    seed: int = field(default_factory=lambda: random.SystemRandom().randrange(2**32))

    def __post_init__(self) -> None:
        self._environment = {
            **os.environ,
            "PARKPULSE_HOME": str(self.folder),
            "PARKPULSE_DATABASE_URL": self.bench.database._url,
            "PARKPULSE_WEBHOOK_ALLOW_PRIVATE": "true",
        }
        self._failed: list[BaseException] = []
        self._over = threading.Event()
        self._done_before: dict[str, int] = {}
        words = ["notify", "channels", "add", "duty", "--url", self.webhook.url]
        done = subprocess.run(
            [COMMAND, *words],
            env=self._environment,
            capture_output=True,
            text=True,
            check=True,
        )
        self.webhook.secret = done.stdout.split()[-1]
        self.bench.keeper.depart()

    def run(self) -> dict[str, int]:
        """Run until all is recorded and delivered; return the kills by process."""
        victims = [
            Victim(name, self._environment, self.folder / f"{name}.log")
            for name in ("engine", "notify")
        ]
        feeder = threading.Thread(target=self._feed)
        feeder.start()
        try:
            self._kill_until(victims)
        finally:
            feeder.join()
            codes = [each.stop() for each in victims]
        assert not self._failed, (self.seed, self._failed)
        # One that has just been started again does not listen to SIGTERM yet.
        assert set(codes) <= {0, -signal.SIGTERM}, (self.seed, codes)
        return {each.name: each.kills for each in victims}

    def _kill_until(self, victims: list[Victim]) -> None:
        dice = random.Random(self.seed)  # noqa: S311 - no secret
        while not self._over.is_set():
            victim = dice.choice(victims)
            # Some die before they have done anything; if all did, nothing would go on.
            if dice.random() > _AT_ONCE:
                self._wait_for_work(victim)
            if self._over.wait(dice.uniform(*self.pause_s)):
                return
            victim.kill()
            if victim.name == "engine":
                self._free_slots()
            self._done_before[victim.name] = self._done(victim)
            victim.start()

    def _wait_for_work(self, victim: Victim) -> None:
        """Wait until it has done something since its start, or all is done."""
        while self._done(victim) <= self._done_before.get(victim.name, 0):
            if self._over.wait(_LOOK_EVERY_S):
                return

    def _done(self, victim: Victim) -> int:
        """Events recorded, or messages delivered."""
        with self.bench.database.transaction() as conn:
            (row,) = conn.execute(
                "select (select count(*) from alert_event),"
                " (select count(*) from outbox where state = 'delivered')"
            )
        return int(row[victim.name == "notify"])

    def _free_slots(self) -> None:
        """Let the time pass for which a dead engine keeps its slots."""
        with self.bench.database.transaction() as conn:
            conn.execute("update lease set owner = null")
            conn.execute("delete from engine")

    def _feed(self) -> None:
        try:
            for number, phase, group in self._steps():
                self._wait_for_phase(group, phase - 1)
                self._store(number * STEP_S, group, PHASES[phase][1])
            for group in range(self._groups):
                self._wait_for_phase(group, len(PHASES) - 1)
            wait_until(lambda: self._count_pending() == 0, _WITHIN_S)
        except BaseException as error:  # noqa: BLE001 - raised by run()
            self._failed.append(error)
        finally:
            self._over.set()

    @property
    def _groups(self) -> int:
        return self.bench.gauges // self.group

    def _steps(self) -> Iterator[tuple[int, int, int]]:
        """Yield (moment, phase, group): several groups are under way at once."""
        last = self._groups + _BETWEEN * len(PHASES)
        for number in range(last):
            for phase in range(len(PHASES)):
                group = number - _BETWEEN * phase
                if 0 <= group < self._groups:
                    yield number, phase, group

    def _gauges(self, group: int) -> range:
        return range(group * self.group, (group + 1) * self.group)

    def _store(self, at_s: float, group: int, value: float) -> None:
        series = np.array([self.bench.series[n] for n in self._gauges(group)], np.int32)
        ts = np.full(len(series), us(at_s), np.int64)
        values = np.full(len(series), value)
        flags = np.zeros(len(series), np.uint8)
        changes = ChangeArrays(series, ts, values, flags)
        self.bench.set_clock(at_s)
        with self.bench.database.transaction() as conn:
            readings.insert(conn, series, ts, values)
            batchlog.append(conn, "ingest-1", {self.bench.park_id % 64: changes})

    def _wait_for_phase(self, group: int, phase: int) -> None:
        if phase >= 0:
            kind = PHASES[phase][0]
            wait_until(lambda: self._has_all(group, kind), _WITHIN_S)

    def _has_all(self, group: int, kind: str) -> bool:
        time.sleep(_LOOK_EVERY_S)
        return self._count(group, kind) >= self.group

    def _count(self, group: int, kind: str) -> int:
        mine = [self.bench.series[n] for n in self._gauges(group)]
        with self.bench.database.transaction() as conn:
            (row,) = conn.execute(
                "select count(*) from alert_event e join alert a on a.id = e.alert_id"
                " where e.kind = %s and a.series_id = any(%s)",
                [kind, mine],
            )
        return int(row[0])

    def _count_pending(self) -> int:
        with self.bench.database.transaction() as conn:
            (row,) = conn.execute("select count(*) from outbox where state = 'pending'")
        return int(row[0])

    def check(self) -> dict[str, int]:
        """Compare what is recorded and what came with what must be; return counts."""
        with self.bench.database.transaction() as conn:
            events = conn.execute(
                "select id, alert_id, subject, kind from alert_event order by id"
            ).fetchall()
            sent = conn.execute(
                "select id, alert_event_id, state from outbox"
            ).fetchall()
        recorded = Counter((subject, kind) for _, _, subject, kind in events)
        assert set(recorded.values()) == {1}, self.seed
        assert len(recorded) == self.bench.gauges * len(PHASES)
        self._check_courses(events)
        assert sorted(event for _, event, _ in sent) == [row[0] for row in events]
        assert {state for _, _, state in sent} == {"delivered"}
        repeated = self._check_receipts({str(row[0]): row[1] for row in sent})
        return {"events": len(events), "messages": len(sent), "repeated": repeated}

    def _check_courses(self, events: list[tuple[object, ...]]) -> None:
        courses: dict[object, list[object]] = {}
        for _, alert, _, kind in events:
            courses.setdefault(alert, []).append(kind)
        assert len(courses) == self.bench.gauges
        wanted = [kind for kind, _ in PHASES]
        assert all(each == wanted for each in courses.values()), self.seed

    def _check_receipts(self, order: dict[str, int]) -> int:
        """Check signatures, completeness and order; return how many came again."""
        accepted = self.webhook.accepted()
        came = [each.headers["webhook-id"] for each in accepted]
        assert set(came) == set(order), self.seed
        by_alert: dict[str, list[int]] = {}
        for each, message in zip(accepted, came, strict=True):
            alert = each.verify(self.webhook.secret)["data"]["id"]
            by_alert.setdefault(alert, []).append(order[message])
        assert all(each == sorted(each) for each in by_alert.values()), self.seed
        return len(came) - len(order)
