"""Commands to local controllers: who asks for them, and the record of what they do.

Each request and each end of one is a line of its alert's history. Whether anything is
switched on is decided by the controller on the spot, which knows its own interlocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidRequestError,
    NotFoundError,
)
from parkpulse.model import response
from parkpulse.query import alert_actions, alerts
from parkpulse.query.alert_actions import By
from parkpulse.store import commands, parks, responses

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from parkpulse.model.alert import EventKind
    from parkpulse.model.condition import AlertRow
    from parkpulse.model.response import Command, CommandState, Planned
    from parkpulse.store.pool import Connection

_UNDER_WAY = ("requested", "sent")
_KINDS: dict[CommandState, EventKind] = {
    "requested": "command_requested",
    "confirmed": "command_confirmed",
    "refused": "command_refused",
    "timed_out": "command_timed_out",
    "withdrawn": "command_withdrawn",
}


class Commands(NamedTuple):
    """What an alert's plan lets people ask for, and what was asked for."""

    planned: Sequence[Planned]
    commands: Sequence[Command]


def of_alert(conn: Connection, alert_id: UUID) -> Commands:
    """List the commands of an alert; raises NotFoundError."""
    return Commands(_planned(conn, alert_id), commands.of_alert(conn, alert_id))


def _planned(conn: Connection, alert_id: UUID) -> Sequence[Planned]:
    found = responses.rule_of(conn, alert_id)
    if found is None:
        kind = "alert"
        raise NotFoundError(kind, str(alert_id))
    return responses.load(conn, *found).commands


def request(conn: Connection, alert_id: UUID, code: str, by: By) -> Command:
    """Ask a local controller for what the alert's plan holds.

    Parameters
    ----------
    conn
        In a transaction.
    alert_id
        Which alert; its condition must last.
    code
        Of a command of the plan.
    by
        Who asks.

    Raises
    ------
    NotFoundError
        There is no such alert, or no such command in its plan.
    ConflictError
        The alert has changed since the version that was seen, or the same command of it
        is under way.
    IllegalTransitionError
        The alert's condition is over.
    InvalidRequestError
        Actor or comment is not acceptable; or the park's clock is its data, so that
        what happens there is not of now.
    """
    by = by._replace(actor=alerts.checked_actor(by.actor))
    alerts.check_comment(by.comment)
    row = alerts.locked(conn, alert_id, by.version)
    wanted = [each for each in _planned(conn, alert_id) if each.code == code]
    if not wanted:
        kind = "command"
        raise NotFoundError(kind, code)
    _check(conn, row, code)
    command = commands.request(conn, alert_id, wanted[0], by.actor)
    assert command is not None  # noqa: S101 - a person may ask as often as they like
    _note(conn, row, command, by)
    return command


def _check(conn: Connection, row: AlertRow, code: str) -> None:
    if row.state not in {"unacknowledged", "acknowledged"}:
        raise IllegalTransitionError(row.state, "a command")
    if any(
        each.code == code and each.state in _UNDER_WAY
        for each in commands.of_alert(conn, row.id)
    ):
        message = f"the command {code} is under way already"
        raise ConflictError(message)
    (park,) = (each for each in parks.parks(conn) if each.id == row.park_id)
    if park.clock != "wall":
        problem = "data_clock"
        message = "no command is sent for a park whose clock is its data"
        raise InvalidRequestError(problem, message, "/code")


def request_due(conn: Connection, park_ids: Sequence[int]) -> None:
    """Ask for what alerts of the parks ask for by themselves, once for each raise."""
    for due in commands.due(conn, park_ids):
        row = alerts.locked(conn, due.alert_id)
        command = commands.request(
            conn, row.id, due.planned, alert_actions.ENGINE, due.raised_event
        )
        if command is not None:
            _note(conn, row, command, By(alert_actions.ENGINE))


def settle(
    conn: Connection,
    alert_id: UUID,
    command: Command,
    state: CommandState,
    *,
    reason: str | None = None,
    late: bool = False,
) -> None:
    """Record how a command ended; a controller's answer is recorded as its own."""
    commands.settle(conn, command.id, state, reason or None)
    is_answer = state in {"confirmed", "refused"}
    by = By(command.device if is_answer else alert_actions.ENGINE)
    row = alerts.locked(conn, alert_id)
    _note(conn, row, commands.find(conn, command.id), by, late=late)


def _note(
    conn: Connection, row: AlertRow, command: Command, by: By, *, late: bool = False
) -> None:
    detail: dict[str, object] = {
        "command": str(command.id),
        "code": command.code,
        "device": command.device,
        "name": command.name,
        "arguments": command.arguments,
        "expires_at": command.expires_at,
        "automatic": command.automatic,
    }
    if command.reason is not None:
        detail["reason"] = command.reason
    text = response.WITHDRAWALS.get(command.reason or "")
    if command.state == "withdrawn" and text is not None:
        detail["reason_text"] = text
    if late:
        detail["late"] = True
    alert_actions.note(conn, row, _KINDS[command.state], by, detail)
