"""Ends conditions that nobody watches any more, as when a rule is switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from parkpulse.engine import alerts_record
from parkpulse.engine.alerts_reconcile import Origin
from parkpulse.engine.alerts_record import Finding
from parkpulse.model import instants
from parkpulse.store import alerts, parks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from types import UnionType

    from parkpulse.model.condition import Interval, Key
    from parkpulse.model.rule import StoredRule
    from parkpulse.store.pool import Connection


def end(
    conn: Connection,
    lasting: Mapping[Key, Interval],
    watched: Collection[Key],
    stored: Sequence[StoredRule],
    kinds: type | UnionType,
    page_url: str,
) -> None:
    """End what lasts of rules of some kinds and is not watched.

    Parameters
    ----------
    conn
        Open connection.
    lasting
        All conditions that last.
    watched
        Keys that are watched.
    stored
        All rules.
    kinds
        Classes of definitions that the caller follows.
    page_url
        Address of the page, for the links in messages.
    """
    mine = {each.id for each in stored if isinstance(each.spec.definition, kinds)}
    stray = {
        key: each
        for key, each in lasting.items()
        if key[0] in mine and key not in watched
    }
    if stray:
        alerts_record.end(conn, _findings(conn, stray, stored), page_url)


def _findings(
    conn: Connection, stray: Mapping[Key, Interval], stored: Sequence[StoredRule]
) -> list[Finding]:
    definitions = {each.id: each.spec.definition for each in stored}
    clocks = {park: instants.to_us(now) for park, now in parks.clocks(conn).items()}
    ids = [each.alert_id for each in stray.values() if each.alert_id is not None]
    findings = []
    for alert in alerts.by_ids(conn, ids):
        old = stray[alert.rule_id, alert.subject]
        now = max(clocks[alert.park_id], old.raised)
        origin = Origin(
            rule_id=alert.rule_id,
            subject=alert.subject,
            park_id=alert.park_id,
            place_id=alert.place_id,
            device_id=alert.device_id,
            series_id=alert.series_id,
            definition=definitions[alert.rule_id],
        )
        ended = replace(old, cleared=now)
        findings.append(Finding(origin, now, is_fresh=True, old=[old], new=[ended]))
    return findings
