"""`parkpulse alerts`, `maintenance` and `duty`: what an operator does, as commands."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
import msgspec
import yaml

from parkpulse import settings
from parkpulse.errors import InvalidRequestError
from parkpulse.model.alert import SEVERITIES, SHOWN_STATES
from parkpulse.model.duty import Substitution
from parkpulse.query import (
    alarm_performance,
    alert_actions,
    commands,
    maintenance,
    responses,
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
    from parkpulse.store.pool import Connection

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_by_option = click.option("--by", required=True, help="Who does it.")
_comment_option = click.option("--comment", default="", help="What they say about it.")
_reason_option = click.option("--reason", required=True, help="Why.")
_alert = click.argument("alert_id")


def _connected() -> AbstractContextManager[Connection]:
    url = settings.load().required_database_url()
    return commandline.transaction(url, name="parkpulse desk")


def _page_url() -> str:
    config = settings.load()
    return config.public_url or f"http://{config.host}:{config.port}"


def _moment(text: str, pointer: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - has no zone, so it is refused
    if moment.tzinfo is None:
        code, message = "not_a_time", f"{text!r} is no time with zone (RFC 3339)"
        raise InvalidRequestError(code, message, pointer)
    return moment


def _json(value: object) -> str:
    def plain(each: object) -> object:
        return each._asdict() if hasattr(each, "_asdict") else str(each)

    return json.dumps(
        msgspec.to_builtins(value, enc_hook=plain), ensure_ascii=False, indent=1
    )


def _document(file: Path) -> object:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        code = "not_json"
        raise InvalidRequestError(code, f"{file}: {error}", "") from error


def _line(alert: Alert) -> str:
    until = alert.quiet.until if alert.quiet else None
    parts = [
        alert.id,
        f"{alert.raised_at:%Y-%m-%d %H:%M:%S}",
        alert.severity,
        alert.state + (f" until {until:%Y-%m-%d %H:%M}" if until else ""),
        alert.rule.code,
        alert.subject,
        alert.assignee or "-",
    ]
    return "  ".join(parts)


def _show(alert: Alert, *, as_json: bool) -> None:
    print(_json(alert) if as_json else _line(alert))


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
@_json_option
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
        found = query.listed(conn, search, order=sort, limit=limit).items
    if as_json:
        print(_json(list(found)))
        return
    for each in found:
        print(_line(each))


@alerts.command()
@_alert
@_json_option
def show(alert_id: str, *, as_json: bool) -> None:
    """One alert with its history and its checklist."""
    with _connected() as conn:
        found = query.detail(conn, query.parse_id(alert_id))
        steps = responses.checklist(conn, query.parse_id(alert_id))
    if as_json:
        events = [each._asdict() for each in found.events]
        print(_json({"alert": found.alert, "events": events, "checklist": steps}))
        return
    print(_line(found.alert))
    for step in steps:
        done = f"[x] {step.done_by}" if step.done_by else "[ ]"
        print(f"  {done}  {step.zh} / {step.en}")
    for event in found.events:
        at = f"{event.at:%Y-%m-%d %H:%M:%S}"
        print(f"  {at}  {event.kind}  {event.severity}  {event.actor}  {event.detail}")


@alerts.command()
@click.argument("alert_ids", nargs=-1, required=True)
@_by_option
@_comment_option
@_json_option
def acknowledge(
    alert_ids: Sequence[str], by: str, comment: str, *, as_json: bool
) -> None:
    """Say that somebody has seen these; exit code 1 if one could not be."""
    ids = [query.parse_id(each) for each in alert_ids]
    with _connected() as conn:
        done = alert_actions.acknowledge_many(conn, ids, By(by, comment), _page_url())
    if as_json:
        print(_json([each._asdict() for each in done]))
    for each in () if as_json else done:
        print(_line(each.alert) if each.alert else f"{each.id}  {each.code}")
    if any(each.code for each in done):
        raise SystemExit(1)


@alerts.command()
@_alert
@click.option("--until", help="RFC 3339, on the park's clock.")
@click.option("--hours", type=float, help="Instead: so many hours from now.")
@_by_option
@_reason_option
@_json_option
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
        end = _moment(until, "until") if until else now + timedelta(hours=hours or 0)
        _show(alert_actions.shelve(conn, key, By(by, reason), end), as_json=as_json)


@alerts.command()
@_alert
@_by_option
@_comment_option
@_json_option
def unshelve(alert_id: str, by: str, comment: str, *, as_json: bool) -> None:
    """End shelving before its time."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        done = alert_actions.unshelve(conn, key, By(by, comment), _page_url())
    _show(done, as_json=as_json)


@alerts.command("out-of-service")
@_alert
@_by_option
@_reason_option
@_json_option
def out_of_service(alert_id: str, by: str, reason: str, *, as_json: bool) -> None:
    """Call nobody for an alert until it is put back into service."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        done = alert_actions.take_out_of_service(conn, key, By(by, reason))
    _show(done, as_json=as_json)


@alerts.command("in-service")
@_alert
@_by_option
@_comment_option
@_json_option
def in_service(alert_id: str, by: str, comment: str, *, as_json: bool) -> None:
    """Put an alert back into service."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        done = alert_actions.return_to_service(conn, key, By(by, comment), _page_url())
    _show(done, as_json=as_json)


@alerts.command()
@_alert
@click.option("--to", "assignee", help="Who takes care of it; without: nobody.")
@_by_option
@_json_option
def assign(alert_id: str, assignee: str | None, by: str, *, as_json: bool) -> None:
    """Say who takes care of an alert."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        done = alert_actions.assign(conn, key, By(by), assignee)
    _show(done, as_json=as_json)


@alerts.command("comment")
@_alert
@click.argument("text")
@_by_option
@_json_option
def add_comment(alert_id: str, text: str, by: str, *, as_json: bool) -> None:
    """Add a comment to an alert's history."""
    with _connected() as conn:
        done = alert_actions.comment(conn, query.parse_id(alert_id), By(by, text))
    _show(done, as_json=as_json)


@alerts.command("commands")
@_alert
@_json_option
def list_commands(alert_id: str, *, as_json: bool) -> None:
    """Show what may be asked of local controllers, and what was."""
    with _connected() as conn:
        found = commands.of_alert(conn, query.parse_id(alert_id))
    if as_json:
        print(_json(found._asdict()))
        return
    for planned in found.planned:
        mode = "automatic" if planned.automatic else "by hand"
        print(f"{planned.code}  {planned.device}  {planned.name}  {mode}")
    for each in found.commands:
        at = f"{each.requested_at:%Y-%m-%d %H:%M:%S}"
        why = f"  {each.reason}" if each.reason else ""
        print(f"  {at}  {each.code}  {each.requested_by}  {each.state}{why}")


@alerts.command("request")
@_alert
@click.argument("code")
@_by_option
@_comment_option
@_json_option
def request_command(
    alert_id: str, code: str, by: str, comment: str, *, as_json: bool
) -> None:
    """Ask a local controller for a command of the alert's response plan."""
    with _connected() as conn:
        key = query.parse_id(alert_id)
        done = commands.request(conn, key, code, By(by, comment))
    print(_json(done) if as_json else f"{done.id}  {done.device}  {done.name}")


@alerts.command("plan")
@click.argument("park")
@click.argument("rule")
@_json_option
def show_response_plan(park: str, rule: str, *, as_json: bool) -> None:
    """Print a rule's response plan, in the form that `put-plan` reads."""
    with _connected() as conn:
        stored = responses.plan(conn, park, rule)
    if as_json:
        print(_json(stored._asdict()))
        return
    parts = {"steps": stored.steps, "commands": stored.commands}
    plain = msgspec.to_builtins(parts)
    print(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), end="")


@alerts.command("put-plan")
@click.argument("park")
@click.argument("rule")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_by_option
@_json_option
def put_response_plan(
    park: str, rule: str, file: Path, by: str, *, as_json: bool
) -> None:
    """Put a rule's response plan (YAML or JSON: steps, commands) in force."""
    wanted = responses.read_document(_document(file))
    with _connected() as conn:
        stored = responses.put(conn, park, rule, wanted, by)
    words = f"Version {stored.version} of the response plan of {rule} is in force."
    print(_json({"version": stored.version}) if as_json else words)


@alerts.command()
@click.argument("park")
@click.option("--start", required=True, help="RFC 3339.")
@click.option("--end", required=True, help="RFC 3339.")
@click.option("--place", help="Area of an operator position.")
@_json_option
def performance(
    park: str, start: str, end: str, place: str | None, *, as_json: bool
) -> None:
    """Alarm performance of a park by ISA-18.2."""
    span = _moment(start, "start"), _moment(end, "end")
    with _connected() as conn:
        found = alarm_performance.performance(conn, park, *span, place)
    if as_json:
        print(_json(found))
        return
    for name, value in msgspec.structs.asdict(found).items():
        if not isinstance(value, list):
            print(f"{name}: {value}")
    for actor in found.bad_actors:
        print(f"  {actor.count}  {actor.share:.1%}  {actor.rule}  {actor.subject}")


@click.group("maintenance")
def windows() -> None:
    """Record alerts of a time and call nobody."""


@windows.command("list")
@click.argument("park")
@click.option("--past", is_flag=True, help="Also those that are over.")
@_json_option
def list_windows(park: str, *, past: bool, as_json: bool) -> None:
    """Maintenance windows of a park."""
    with _connected() as conn:
        found = maintenance.listed(conn, park, with_past=past)
    if as_json:
        print(_json([each._asdict() for each in found]))
        return
    for each in found:
        scope = each.device or each.place or each.rule or "whole park"
        times = f"{each.start:%Y-%m-%d %H:%M} - {each.end:%Y-%m-%d %H:%M}"
        print(f"{each.id}  {times}  {scope}  {each.by}: {each.reason}")


@windows.command("add")
@click.argument("park")
@click.option("--start", help="RFC 3339; by default now on the park's clock.")
@click.option("--end", required=True, help="RFC 3339.")
@click.option("--place")
@click.option("--device")
@click.option("--rule")
@_by_option
@_reason_option
@_json_option
def add_window(
    park: str, start: str | None, end: str, *, as_json: bool, **rest: str
) -> None:
    """Open a maintenance window."""
    with _connected() as conn:
        begin = _moment(start, "start") if start else parks.now(conn, park)
        asked = maintenance.Asked(start=begin, end=_moment(end, "end"), **rest)
        made = maintenance.add(conn, park, asked)
    words = f"Window {made.id} is open until {made.end:%Y-%m-%d %H:%M %Z}."
    print(_json(made._asdict()) if as_json else words)


@windows.command("end")
@click.argument("park")
@click.argument("window", type=int)
@_by_option
@_json_option
def end_window(park: str, window: int, by: str, *, as_json: bool) -> None:
    """End a maintenance window now."""
    with _connected() as conn:
        done = maintenance.end(conn, park, maintenance.checked_id(window), by)
    print(_json(done._asdict()) if as_json else f"Window {done.id} is over.")


@click.group()
def duty() -> None:
    """People, rosters and escalation policies of a park."""


@duty.command("show")
@click.argument("park")
@_json_option
def show_plan(park: str, *, as_json: bool) -> None:
    """Print the duty plan in force, in the form that `put` reads."""
    with _connected() as conn:
        stored = duty_plans.plan(conn, park)
    if as_json:
        print(_json(stored._asdict()))
        return
    plain = msgspec.to_builtins(stored.plan)
    print(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), end="")


@duty.command("put")
@click.argument("park")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_by_option
@_json_option
def put_plan(park: str, file: Path, by: str, *, as_json: bool) -> None:
    """Put a plan (YAML or JSON) in force."""
    with _connected() as conn:
        stored = duty_plans.put(conn, park, duty_plans.read(_document(file)), by)
    words = f"Version {stored.version} of the duty plan of {park} is in force."
    print(_json({"version": stored.version}) if as_json else words)


@duty.command()
@click.argument("park")
@click.argument("roster")
@click.option("--start", required=True, help="RFC 3339.")
@click.option("--end", required=True, help="RFC 3339.")
@click.option("--stand-in", required=True, help="Code of the person who stands in.")
@click.option("--person", help="For whom; by default for everybody.")
@_by_option
@_json_option
def substitute(
    park: str,
    roster: str,
    start: str,
    end: str,
    stand_in: str,
    person: str | None,
    by: str,
    *,
    as_json: bool,
) -> None:
    """Let somebody stand in for a time."""
    new = Substitution(
        start=_moment(start, "start"),
        end=_moment(end, "end"),
        by=stand_in,
        person=person,
    )
    with _connected() as conn:
        stored = duty_plans.substitute(conn, park, roster, new, by)
    words = f"{stand_in} stands in (version {stored.version} of the plan)."
    print(_json({"version": stored.version}) if as_json else words)


@duty.command()
@click.argument("park")
@click.option("--at", help="RFC 3339; by default now on the park's clock.")
@_json_option
def now(park: str, at: str | None, *, as_json: bool) -> None:
    """Who is on duty."""
    with _connected() as conn:
        found = duty_plans.on_duty(conn, park, _moment(at, "at") if at else None)
    if as_json:
        posts = [each._asdict() for each in found.posts]
        print(_json({**found._asdict(), "posts": posts}))
        return
    for post in found.posts:
        names = ", ".join(each.name for each in post.people) or "nobody"
        print(f"{post.roster}  {post.name}  {names}")
