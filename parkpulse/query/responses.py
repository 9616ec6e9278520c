"""Response plans for people: what a rule's alerts ask for, and ticking it off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model.response import Commands, Planned, Step, Steps, Ticked
from parkpulse.query import alert_actions, alerts, documents
from parkpulse.store import parks, quiet, responses

if TYPE_CHECKING:
    from uuid import UUID

    from parkpulse.model.alert import EventKind
    from parkpulse.query.alert_actions import By
    from parkpulse.store.pool import Connection
    from parkpulse.store.responses import StoredPlan


def _park_id(conn: Connection, park: str, rule: str) -> int:
    row = parks.find(conn, park)
    quiet.check_rule(conn, row.id, rule, "rule")
    return row.id


class Wanted(NamedTuple):
    """What a response plan shall be."""

    steps: list[Step]
    commands: list[Planned]


def read(steps: object, commands: object) -> Wanted:
    """Take a plan from a document's parts; raises InvalidRequestError."""
    return Wanted(_read(steps, Steps, "/steps"), _read(commands, Commands, "/commands"))


def read_document(document: object) -> Wanted:
    """Take a plan from a file's content; raises InvalidRequestError."""
    if not isinstance(document, dict) or document.keys() - set(Wanted._fields):
        code, message = "invalid_value", "a plan has steps and commands"
        raise InvalidRequestError(code, message, "/")
    return read(document.get("steps", []), document.get("commands", []))


def _read(document: object, kind: Any, pointer: str) -> Any:  # noqa: ANN401 - any list
    found = documents.convert(document, kind, pointer)
    if len({each.code for each in found}) < len(found):
        code, message = "invalid_value", "a code is there twice"
        raise InvalidRequestError(code, message, pointer)
    return found


def plan(conn: Connection, park: str, rule: str) -> StoredPlan:
    """Return the plan of a rule; raises NotFoundError, InvalidRequestError."""
    return responses.load(conn, _park_id(conn, park, rule), rule)


def put(
    conn: Connection, park: str, rule: str, wanted: Wanted, actor: str
) -> StoredPlan:
    """Put a plan in force; an empty one takes it away.

    Raises
    ------
    NotFoundError
        There is no such park.
    InvalidRequestError
        There is no such rule or device in it, or the author is not acceptable.
    """
    actor = alerts.checked_actor(actor)
    park_id = _park_id(conn, park, rule)
    responses.save(conn, park_id, rule, wanted.steps, wanted.commands, actor)
    return responses.load(conn, park_id, rule)


def checklist(conn: Connection, alert_id: UUID) -> list[Ticked]:
    """List the steps of an alert and who has done them; raises NotFoundError."""
    found = responses.rule_of(conn, alert_id)
    if found is None:
        kind = "alert"
        raise NotFoundError(kind, str(alert_id))
    done = responses.done(conn, alert_id)
    return [
        Ticked(each.code, each.zh, each.en, *done.get(each.code, (None, None)))
        for each in responses.load(conn, *found).steps
    ]


def tick(
    conn: Connection, alert_id: UUID, code: str, by: By, *, done: bool
) -> list[Ticked]:
    """Say that a step was done, or that it was not; saying it again changes nothing.

    Raises
    ------
    NotFoundError
        There is no such alert, or no such step of it.
    ConflictError
        The alert has changed since the version that was seen.
    InvalidRequestError
        Actor or comment is not acceptable.
    """
    by = by._replace(actor=alerts.checked_actor(by.actor))
    alerts.check_comment(by.comment)
    row = alerts.locked(conn, alert_id, by.version)
    steps = {each.code: each for each in checklist(conn, alert_id)}
    if code not in steps:
        kind = "step"
        raise NotFoundError(kind, code)
    if (steps[code].done_by is not None) != done:
        kind_of: EventKind = "step_done" if done else "step_undone"
        alert_actions.note(conn, row, kind_of, by, {"step": code})
    return checklist(conn, alert_id)
