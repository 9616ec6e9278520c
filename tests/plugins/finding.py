"""Consumers of findings with the rules that follow them, and what these recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.engine.anomaly import AnomalyConsumer
from parkpulse.engine.quality import QualityConsumer
from parkpulse.engine.rules.found import FoundRules
from parkpulse.model import instants
from parkpulse.model.registry import Name
from parkpulse.model.rule import RuleSpec
from parkpulse.query import alerts
from parkpulse.store import rules
from parkpulse.store.alerts import Search

if TYPE_CHECKING:
    from parkpulse.model.alert import Alert
    from parkpulse.model.definitions import Definition
    from tests.plugins.fix_engine import Lab

PAGE = "https://park.example"
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
