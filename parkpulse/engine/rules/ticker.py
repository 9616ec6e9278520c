"""Rules that do not watch readings: figures of data centres, conditions together.

All are computed anew from what is stored whenever that may have changed, and compared
with what is recorded; so a restart needs no memory.
"""

from __future__ import annotations

import logging
import time
from types import UnionType
from typing import TYPE_CHECKING

from parkpulse.engine import alerts_record, alerts_stray
from parkpulse.engine.alerts_changes import Changes
from parkpulse.engine.rules import composed, figured
from parkpulse.errors import StoreError
from parkpulse.model.definitions import (
    Composition,
    DailyDefinition,
    KpiRule,
)
from parkpulse.store import alerts, conditions, engine, kpis, rules

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Mapping, Sequence

    from parkpulse.engine.alerts_record import Finding
    from parkpulse.engine.lease import LeaseKeeper
    from parkpulse.model.condition import Key
    from parkpulse.model.rule import StoredRule
    from parkpulse.store.pool import Connection, Database

EVERY_S = 1.0
FIGURES_EVERY_S = 10.0
"""Key figures change in bursts and are looked at so often at most. [s]"""
DAILY_EVERY_S = 600.0
"""What is judged by civil days is looked at so often. [s]"""
LOOK_EVERY_S = 10.0
"""Conditions together end by time alone too, and are looked at so often. [s]"""
_Kinds = type | UnionType
_log = logging.getLogger(__name__)


class RuleTicker:
    """Runs beside the consumers of the engine.

    Parameters
    ----------
    database
        Where rules, figures and conditions are.
    keeper
        Holds the slots.
    page_url
        Address of the page, for the links in messages.
    """

    def __init__(self, database: Database, keeper: LeaseKeeper, page_url: str) -> None:
        self._database = database
        self._keeper = keeper
        self._page_url = page_url
        self._rules = Changes(database, rules.CHANNEL)
        self._kpis = Changes(database, kpis.CHANNEL)
        self._alerts = Changes(database, alerts.CHANNEL)
        self._held: Mapping[int, int] = {}
        self._stored: list[StoredRule] | None = None
        self._figures_due = True
        self._figured_at = -FIGURES_EVERY_S
        self._daily_due = True
        self._daily_at = -FIGURES_EVERY_S
        self._looked_at = -LOOK_EVERY_S

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; an error of the database is waited out."""
        while not stop.wait(EVERY_S):
            try:
                self.step(time.monotonic())
            except StoreError as error:
                _log.warning("rules of figures: %s", error)
                self._figures_due = self._daily_due = True

    def step(self, now: float) -> None:
        """Look at what may have changed, at a time of a steady clock. [s]."""
        held = self._keeper.held
        is_new = self._rules.have_come() | (held != self._held)
        self._held = held
        if is_new:
            self._stored = None
        self._figures_due |= is_new | self._kpis.have_come()
        is_time = now - self._looked_at >= LOOK_EVERY_S
        wants_conditions = self._alerts.have_come() | is_new | is_time
        wants_figures = self._figures_due & (now - self._figured_at >= FIGURES_EVERY_S)
        self._daily_due |= is_new | (now - self._daily_at >= DAILY_EVERY_S)
        wants_daily = self._daily_due & (now - self._daily_at >= FIGURES_EVERY_S)
        wanted: list[_Kinds] = []
        wanted += [KpiRule] * wants_figures
        wanted += [DailyDefinition] * wants_daily
        wanted += [Composition] * wants_conditions
        if not wanted:
            return
        with self._database.transaction() as conn:
            if not held or not engine.confirm(conn, self._keeper.owner, held):
                return
            if self._stored is None:
                self._stored = rules.load(conn)
            for kinds in wanted:
                self._look(conn, self._stored, sorted(held), kinds)
        self._took(now, wanted)

    def _took(self, now: float, wanted: Sequence[_Kinds]) -> None:
        if KpiRule in wanted:
            self._figures_due, self._figured_at = False, now
        if DailyDefinition in wanted:
            self._daily_due, self._daily_at = False, now
        if Composition in wanted:
            self._looked_at = now

    def _look(
        self,
        conn: Connection,
        stored: Sequence[StoredRule],
        slots: Sequence[int],
        kinds: _Kinds,
    ) -> None:
        if not any(isinstance(each.spec.definition, kinds) for each in stored):
            return
        if kinds is Composition:
            findings, watched = composed.findings(conn, stored, slots)
        else:
            findings, watched = figured.findings(conn, stored, slots, kinds)
        self._record(conn, findings)
        self._end_stray(conn, stored, slots, watched, kinds)

    def _record(self, conn: Connection, findings: Sequence[Finding]) -> None:
        changed = [
            each
            for each in findings
            if len(each.old) != len(each.new)
            or not all(
                old.same_course(new)
                for old, new in zip(each.old, each.new, strict=True)
            )
        ]
        alerts_record.write(conn, changed, self._page_url)

    def _end_stray(
        self,
        conn: Connection,
        stored: Sequence[StoredRule],
        slots: Sequence[int],
        watched: Collection[Key],
        kinds: _Kinds,
    ) -> None:
        lasting = conditions.lasting(conn, slots)
        alerts_stray.end(conn, lasting, watched, stored, kinds, self._page_url)
