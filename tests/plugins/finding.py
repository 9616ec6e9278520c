"""Consumers of findings with the rules that follow them, and what these recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parkpulse.engine import quality_tests
from parkpulse.engine.anomaly import AnomalyConsumer
from parkpulse.engine.quality import QualityConsumer
from parkpulse.engine.quality_tests import METRICS, Catalogue
from parkpulse.engine.rules.found import FoundRules
from parkpulse.model import instants
from parkpulse.model.registry import Name
from parkpulse.model.rule import RuleSpec
from parkpulse.query import alerts
from parkpulse.store import quality as store
from parkpulse.store import rules
from parkpulse.store.alerts import Search

if TYPE_CHECKING:
    from parkpulse.model.alert import Alert
    from parkpulse.model.definitions import Definition
    from tests.plugins.fix_engine import Lab

PAGE = "https://park.example"
Flags = set[tuple[int, int, str, int]]
"""Series, time [us], test and flag of readings."""
Held = tuple[str, int, int, int | None, tuple[str, ...]]
"""Subject, onset, raise, clear [us], and severities in turn."""


def quality(lab: Lab) -> QualityConsumer:
    return QualityConsumer(FoundRules(lab.database, PAGE, "quality"))


def anomaly(lab: Lab) -> AnomalyConsumer:
    return AnomalyConsumer(FoundRules(lab.database, PAGE, "anomaly"))


def spec(code: str, definition: Definition) -> RuleSpec:
    return RuleSpec(code, Name(code, code), definition, "test")


def apply(lab: Lab, code: str, definition: Definition) -> RuleSpec:
    wanted = spec(code, definition)
    with lab.database.transaction() as conn:
        rules.apply(conn, [wanted], None)
    return wanted


def held(lab: Lab) -> list[Held]:
    """All recorded conditions, by subject and time."""
    with lab.database.transaction() as conn:
        rows = conn.execute(
            "select subject, onset, raised_at, cleared_at, steps from"
            " condition_interval order by subject, raised_at"
        ).fetchall()
    return [
        (
            subject,
            instants.to_us(onset),
            instants.to_us(raised),
            cleared and instants.to_us(cleared),
            tuple(severity for _, severity, _ in steps),
        )
        for subject, onset, raised, cleared, steps in rows
    ]


def all_alerts(lab: Lab) -> list[Alert]:
    with lab.database.transaction() as conn:
        page = alerts.listed(conn, Search(), order="raised_at", limit=1000)
    return list(page.items)


def flags(lab: Lab) -> Flags:
    """What the engine has found of single series."""
    with lab.database.transaction() as conn:
        rows = conn.execute("select series, ts, test, flag from quality_flag")
        return {
            (series, instants.to_us(ts), test, flag) for series, ts, test, flag in rows
        }


def plain_flags(lab: Lab) -> Flags:
    """What is found when all readings of a series are tested at once."""
    with lab.database.transaction() as conn:
        known = Catalogue(store.series(conn, range(64), METRICS))
        stored = conn.execute(
            "select series, ts, value from reading order by series, ts"
        ).fetchall()
    series = np.array([each[0] for each in stored], np.int64)
    ts = np.array([instants.to_us(each[1]) for each in stored], np.int64)
    value = np.array([each[2] for each in stored])
    rows = quality_tests.rows(known.places(series)[0], ts, value)
    found = quality_tests.run(known, rows, quality_tests.standing(rows))
    return {
        (int(series[at]), int(ts[at]), test, int(flag[at]))
        for test, flag in found.items()
        for at in np.flatnonzero(np.isin(flag, (3, 4)))
    }
