"""Escalation: who is called next while an alert waits for an acknowledgement.

The next step's time is stored. A step is taken, recorded and addressed in one
transaction, so each happens once however often the process is killed.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from parkpulse.model import duty as model
from parkpulse.model import instants
from parkpulse.model.duty import Plan
from parkpulse.query import alert_actions, alert_messages, alerts
from parkpulse.query.alert_actions import By
from parkpulse.store import duty as store
from parkpulse.store import outbox, parks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.model.duty import Person, Policy
    from parkpulse.store.duty import Running, Waiting
    from parkpulse.store.parks import ParkRow
    from parkpulse.store.pool import Connection

_MOST_STEPS = 20


def attend(conn: Connection, park_ids: Sequence[int], page_url: str) -> None:
    """Stop what was answered, begin what waits, take the steps that are due."""
    for escalation, why in store.answered(conn, park_ids):
        store.stop(conn, [escalation], why)
    clocks = parks.clocks(conn)
    rows = {row.id: row for row in parks.parks(conn)}
    plans = defaultdict(Plan, store.plans(conn, park_ids))
    with_policies = [park for park, plan in plans.items() if plan.policies]
    for waiting in store.waiting(conn, park_ids, with_policies):
        _begin(conn, waiting, plans[waiting.park_id], clocks[waiting.park_id])
    # A step that reaches nobody makes the next one due at once.
    for _ in range(_MOST_STEPS):
        due = store.due(conn, park_ids)
        if not due:
            return
        for running in due:
            _step(
                conn, running, plans[running.park_id], rows[running.park_id], page_url
            )


def _begin(conn: Connection, waiting: Waiting, plan: Plan, now: datetime) -> None:
    policy = model.policy_for(plan, waiting.severity)
    if waiting.policy == (policy and policy.code):
        return
    if waiting.policy is not None:
        store.stop_of(conn, waiting.alert_id)
    if policy is not None:
        due = model.due(policy, now, 0)
        store.start(conn, waiting.alert_id, policy.code, now, due)


def _step(
    conn: Connection, running: Running, plan: Plan, park: ParkRow, page_url: str
) -> None:
    policy = _policy(plan, running)
    if policy is None:
        store.stop(conn, [running.id], "removed")
        return
    step = policy.steps[running.step]
    now = parks.clocks(conn)[park.id]
    people = model.called(plan, step, now, park.zone)
    wanted = model.channels(people, step)
    ids = store.channel_ids(conn, park.id, wanted)
    _call(conn, running, people, ids, page_url)
    following = model.due(policy, running.started, running.step + 1)
    store.advance(conn, running, following if ids or following is None else now)


def _policy(plan: Plan, running: Running) -> Policy | None:
    for each in plan.policies:
        if each.code == running.policy and running.step < len(each.steps):
            return each
    return None


def _call(
    conn: Connection,
    running: Running,
    people: Sequence[Person],
    channels: dict[str, int],
    page_url: str,
) -> None:
    row = alerts.locked(conn, running.alert_id)
    detail: dict[str, object] = {
        "policy": running.policy,
        "step": running.step + 1,
        "people": [{"code": each.code, "name": each.name} for each in people],
        "channels": sorted(channels),
    }
    at = instants.to_us(running.due)
    by = By(alert_actions.ENGINE)
    row, event_id = alert_actions.note(conn, row, "escalated", by, detail, at)
    if not channels:
        return
    (alert,) = alerts.views(conn, [row])
    body = alert_messages.body("alert.escalated", running.due, alert, page_url)
    message = outbox.Message(event_id, row.id, row.park_id, row.severity, body)
    outbox.put_to(conn, message, channels.values())
