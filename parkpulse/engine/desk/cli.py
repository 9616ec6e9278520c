"""`parkpulse alerts`: what an operator does with alerts, as commands."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
import msgspec

from parkpulse import listing, settings
from parkpulse.engine.desk import options, telling
from parkpulse.errors import NotFoundError
from parkpulse.model import typed
from parkpulse.model.alert import SEVERITIES, SHOWN_STATES
from parkpulse.query import (
    alarm_performance,
    alert_actions,
    commands,
    responses,
    rule_edits,
)
from parkpulse.query import alerts as query
from parkpulse.query import duty as duty_plans
from parkpulse.query.alert_actions import By
from parkpulse.store import commandline, parks
from parkpulse.store.alerts import Search

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from parkpulse.model.alert import Alert, Severity, ShownState
    from parkpulse.query.alert_actions import Outcome
    from parkpulse.store.pool import Connection

_comment_option = click.option("--comment", default="", help="What they say about it.")
_alert = click.argument("alert_id")


def _connected() -> AbstractContextManager[Connection]:
    url = settings.load().required_database_url()
    return commandline.transaction(url, name=options.NAME)


def _page_url() -> str:
    config = settings.load()
    return config.public_url or f"http://{config.host}:{config.port}"


def _line(alert: Alert) -> str:
    parts = [
        alert.id,
        telling.local(alert.raised_at, alert.zone),
        alert.severity,
        telling.state(alert),
        alert.rule.code,
        alert.subject,
        alert.assignee or "-",
    ]
    return "  ".join(parts)


def _show(alert: Alert, *, as_json: bool) -> None:
    print(options.as_json(alert) if as_json else _line(alert))


@click.group()
def alerts() -> None:
    """List, show, acknowledge, shelve, assign and comment alerts."""


@alerts.command("list")
@click.option("--park")
@click.option("--state", "states", multiple=True, type=click.Choice(SHOWN_STATES))
@click.option("--severity", "severities", multiple=True, type=click.Choice(SEVERITIES))
@click.option("--assignee", help="Who takes care of it; empty: nobody does.")
@click.option("--place")
@click.option("--rule")
@click.option("--sort", default=query.DEFAULT_ORDER, type=click.Choice(query.ORDERS))
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@options.json_option
def list_alerts(
    park: str | None,
    states: Sequence[str],
    severities: Sequence[str],
    assignee: str | None,
    place: str | None,
    rule: str | None,
    sort: str,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Alerts, by default those that are not over."""
    search = Search(
        park=park,
        states=cast("Sequence[ShownState]", states) or query.UNFINISHED,
        severities=cast("Sequence[Severity]", severities) or SEVERITIES,
        assignee=assignee,
        place=place,
        rule=rule,
    )
    with _connected() as conn:
        if park is not None:
            parks.find(conn, park)
        found = query.listed(conn, search, order=sort, limit=limit).items
        if not found:
            _check_names(conn, search)
    if as_json:
        print(options.as_json(list(found)))
        return
    for each in found:
        print(_line(each))
    listing.say_if_none(found, "alerts")


def _check_names(conn: Connection, search: Search) -> None:
    """Raise NotFoundError for a place or rule that is none."""
    row = None if search.park is None else parks.find(conn, search.park)
    places = {
        each.code
        for each in parks.places(conn)
        if row is None or each.park_id == row.id
    }
    if search.place is not None and search.place not in places:
        raise NotFoundError(kind="place", key=search.place)
    rules = rule_edits.listed(conn, rule_edits.Search(park=search.park))
    if search.rule not in {None, *(each.code for each in rules)}:
        raise NotFoundError(kind="rule", key=str(search.rule))


@alerts.command()
@_alert
@options.json_option
def show(alert_id: str, *, as_json: bool) -> None:
    """One alert: what it is, its history, its checklist, and who was told."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        found = query.detail(conn, key)
        steps = responses.checklist(conn, key)
        escalations = duty_plans.escalations(conn, found.alert.park, key)
    if as_json:
        whole = {
            "alert": found.alert,
            "events": [each._asdict() for each in found.events],
            "checklist": steps,
            "escalations": [each._asdict() for each in escalations],
            "deliveries": [each._asdict() for each in found.deliveries],
        }
        print(options.as_json(whole))
        return
    print("\n".join(telling.lines(found, steps, escalations)))


def _refusal(outcome: Outcome) -> str:
    if outcome.code == "not_found":
        return f"{outcome.id}  there is no such alert"
    return f"{outcome.id}  not acknowledged: it is so already, or over"


@alerts.command()
@click.argument("alert_ids", nargs=-1, required=True)
@options.by_option
@_comment_option
@options.json_option
def acknowledge(
    alert_ids: Sequence[str], by: str, comment: str, *, as_json: bool
) -> None:
    """Say that somebody has seen these; exit code 1 if one could not be."""
    ids = [query.parse_id(each) for each in alert_ids]
    with _connected() as conn:
        done = alert_actions.acknowledge_many(conn, ids, By(by, comment), _page_url())
    if as_json:
        print(options.as_json([each._asdict() for each in done]))
    for each in () if as_json else done:
        print(_line(each.alert) if each.alert else _refusal(each))
    if any(each.code for each in done):
        raise SystemExit(1)


@alerts.command()
@_alert
@click.option("--until", help="RFC 3339, on the park's clock.")
@click.option("--hours", type=float, help="Instead: so many hours from now.")
@options.by_option
@options.reason_option
@options.json_option
def shelve(
    alert_id: str,
    until: str | None,
    hours: float | None,
    by: str,
    reason: str,
    *,
    as_json: bool,
) -> None:
    """Call nobody for an alert until a time."""
    if (until is None) == (hours is None):
        message = "say either --until or --hours"
        raise click.UsageError(message)
    with _connected() as conn:
        key = query.parse_id(alert_id)
        now = parks.now(conn, query.find(conn, key).park)
        end = now + timedelta(hours=hours or 0)
        if until is not None:
            end = typed.moment(until, "until")
        _show(alert_actions.shelve(conn, key, By(by, reason), end), as_json=as_json)


@alerts.command()
@_alert
@options.by_option
@_comment_option
@options.json_option
def unshelve(alert_id: str, by: str, comment: str, *, as_json: bool) -> None:
    """End shelving before its time."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        done = alert_actions.unshelve(conn, key, By(by, comment), _page_url())
    _show(done, as_json=as_json)


@alerts.command("out-of-service")
@_alert
@options.by_option
@options.reason_option
@options.json_option
def out_of_service(alert_id: str, by: str, reason: str, *, as_json: bool) -> None:
    """Call nobody for an alert until it is put back into service."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        done = alert_actions.take_out_of_service(conn, key, By(by, reason))
    _show(done, as_json=as_json)


@alerts.command("in-service")
@_alert
@options.by_option
@_comment_option
@options.json_option
def in_service(alert_id: str, by: str, comment: str, *, as_json: bool) -> None:
    """Put an alert back into service."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        done = alert_actions.return_to_service(conn, key, By(by, comment), _page_url())
    _show(done, as_json=as_json)


@alerts.command()
@_alert
@click.option("--to", "assignee", help="Who takes care of it; without: nobody.")
@options.by_option
@options.json_option
def assign(alert_id: str, assignee: str | None, by: str, *, as_json: bool) -> None:
    """Say who takes care of an alert."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        done = alert_actions.assign(conn, key, By(by), assignee)
    _show(done, as_json=as_json)


@alerts.command("comment")
@_alert
@click.argument("text")
@options.by_option
@options.json_option
def add_comment(alert_id: str, text: str, by: str, *, as_json: bool) -> None:
    """Add a comment to an alert's history."""
    with _connected() as conn:
        done = alert_actions.comment(conn, query.parse_id(alert_id), By(by, text))
    _show(done, as_json=as_json)


@alerts.command("commands")
@_alert
@options.json_option
def list_commands(alert_id: str, *, as_json: bool) -> None:
    """Show what may be asked of local controllers, and what was."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        found = commands.of_alert(conn, key)
        zone = query.find(conn, key).zone
    if as_json:
        print(options.as_json(found._asdict()))
        return
    for planned in found.planned:
        mode = "automatic" if planned.automatic else "by hand"
        print(f"{planned.code}  {planned.device}  {planned.name}  {mode}")
    for each in found.commands:
        at = telling.local(each.requested_at, zone)
        why = f"  {each.reason}" if each.reason else ""
        print(f"  {at}  {each.code}  {each.requested_by}  {each.state}{why}")


@alerts.command("request")
@_alert
@click.argument("code")
@options.by_option
@_comment_option
@options.json_option
def request_command(
    alert_id: str, code: str, by: str, comment: str, *, as_json: bool
) -> None:
    """Ask a local controller for a command of the alert's response plan."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        done = commands.request(conn, key, code, By(by, comment))
    print(
        options.as_json(done) if as_json else f"{done.id}  {done.device}  {done.name}"
    )


@alerts.command("plan")
@click.argument("park")
@click.argument("rule")
@options.json_option
def show_response_plan(park: str, rule: str, *, as_json: bool) -> None:
    """Print a rule's response plan, in the form that `put-plan` reads."""
    with _connected() as conn:
        stored = responses.plan(conn, park, rule)
    if as_json:
        print(options.as_json(stored._asdict()))
        return
    parts = {"steps": stored.steps, "commands": stored.commands}
    print(options.as_yaml(parts), end="")


@alerts.command("put-plan")
@click.argument("park")
@click.argument("rule")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.by_option
@options.json_option
def put_response_plan(
    park: str, rule: str, file: Path, by: str, *, as_json: bool
) -> None:
    """Put a rule's response plan (YAML or JSON: steps, commands) in force."""
    wanted = responses.read_document(options.document(file))
    with _connected() as conn:
        stored = responses.put(conn, park, rule, wanted, by)
    words = f"Version {stored.version} of the response plan of {rule} is in force."
    print(options.as_json({"version": stored.version}) if as_json else words)


@alerts.command()
@click.argument("park")
@click.option("--start", required=True, help="RFC 3339.")
@click.option("--end", required=True, help="RFC 3339.")
@click.option("--place", help="Area of an operator position.")
@options.json_option
def performance(
    park: str, start: str, end: str, place: str | None, *, as_json: bool
) -> None:
    """Alarm performance of a park by ISA-18.2."""
    span = typed.moment(start, "start"), typed.moment(end, "end")
    with _connected() as conn:
        found = alarm_performance.performance(conn, park, *span, place)
    if as_json:
        print(options.as_json(found))
        return
    for name, value in msgspec.structs.asdict(found).items():
        if not isinstance(value, list):
            print(f"{name}: {value}")
    for actor in found.bad_actors:
        print(f"  {actor.count}  {actor.share:.1%}  {actor.rule}  {actor.subject}")
