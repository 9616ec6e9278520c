"""Duty plans for people: read, change, and who is on duty at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model import duty as model
from parkpulse.query import alerts, documents
from parkpulse.store import duty as store
from parkpulse.store import parks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from parkpulse.model.duty import Person, Plan, Roster, Substitution
    from parkpulse.store.duty import StoredPlan, UnderWay
    from parkpulse.store.pool import Connection


class Post(NamedTuple):
    """Who is on duty at one post."""

    roster: str
    name: str
    people: Sequence[Person]


class OnDuty(NamedTuple):
    """Who is on duty in a park at a time."""

    at: datetime
    version: int
    posts: Sequence[Post]


def read(document: object, pointer: str = "") -> Plan:
    """Take a plan from a document; raises InvalidRequestError with the place."""
    found: Plan = documents.convert(document, model.Plan, pointer)
    return found


def plan(conn: Connection, park: str) -> StoredPlan:
    """Return the plan in force; raises NotFoundError."""
    return store.load(conn, parks.find(conn, park).id)


def escalations(
    conn: Connection, park: str, alert: UUID | None = None
) -> list[UnderWay]:
    """Escalations that no answer has stopped yet; raises NotFoundError.

    Those of one alert, or with None of all of the park.
    """
    return store.under_way(conn, parks.find(conn, park).id, alert)


def put(
    conn: Connection, park: str, new: Plan, actor: str, version: int | None = None
) -> StoredPlan:
    """Put a plan in force; the ones before stay as its history.

    Raises
    ------
    NotFoundError
        There is no such park.
    InvalidRequestError
        A name in it has no meaning, or the author is not acceptable.
    ConflictError
        The plan has changed since that version.
    """
    actor = alerts.checked_actor(actor)
    model.check(new)
    park_id = parks.find(conn, park).id
    store.save(conn, park_id, new, actor, version)
    return store.load(conn, park_id)


def substitute(
    conn: Connection, park: str, roster: str, new: Substitution, actor: str
) -> StoredPlan:
    """Let somebody stand in for a time; raises as `put`."""
    stored = plan(conn, park)
    if roster not in {each.code for each in stored.plan.rosters}:
        kind = "roster"
        raise NotFoundError(kind, roster)
    rosters = [
        _with(each, new) if each.code == roster else each
        for each in stored.plan.rosters
    ]
    changed = replace(stored.plan, rosters=rosters)
    return put(conn, park, changed, actor, stored.version)


def _with(roster: Roster, new: Substitution) -> Roster:
    return replace(roster, substitutions=[*roster.substitutions, new])


def on_duty(conn: Connection, park: str, at: datetime | None = None) -> OnDuty:
    """Who is on duty at a time, by default now on the park's clock.

    Raises
    ------
    NotFoundError
        There is no such park.
    InvalidRequestError
        The time is out of reach.
    """
    row = parks.find(conn, park)
    stored = store.load(conn, row.id)
    at = at or parks.now(conn, park)
    try:
        posts = [_post(stored.plan, each, at, row.zone) for each in stored.plan.rosters]
    except OverflowError as error:
        code, message = "invalid_value", "the time is out of reach"
        raise InvalidRequestError(code, message, "at") from error
    return OnDuty(at, stored.version, posts)


def _post(plan: Plan, roster: Roster, at: datetime, zone: str) -> Post:
    codes = model.on_duty(roster, at, zone)
    return Post(roster.code, roster.name, [plan.person(code) for code in codes])
