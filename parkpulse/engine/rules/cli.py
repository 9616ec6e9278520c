"""`parkpulse rules`: list, show, write, switch and back-test alert rules."""

from __future__ import annotations

import getpass
import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
import msgspec

from parkpulse import settings
from parkpulse.errors import InvalidRequestError
from parkpulse.model import typed
from parkpulse.model.definitions import Definition
from parkpulse.query import backtest as history
from parkpulse.query import rule_edits
from parkpulse.query.rule_edits import Search
from parkpulse.store import commandline, parks
from parkpulse.store.rules import Change

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from parkpulse.model.rule import RuleSpec
    from parkpulse.query.rule_edits import RuleView
    from parkpulse.store.pool import Connection

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
_park = click.option("--park", help="As it holds in this park; without, in all parks.")
_own_park = click.option("--park", help="As this park's own; without, for all parks.")
_note = click.option("--note", default="", help="Why, for the history.")
_actor = click.option(
    "--by",
    "actor",
    default=getpass.getuser,
    help="Who, for the history; the user's name.",
)
_DAYS = 7
_KINDS = sorted(str(each.__struct_config__.tag) for each in get_args(Definition))


def _opened() -> AbstractContextManager[Connection]:
    url = settings.load().required_database_url()
    return commandline.transaction(url, name="parkpulse rules")


def _print_json(value: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


@click.group()
def rules() -> None:
    """Alert rules: list, show, write, switch, and try them on history."""


@rules.command("list")
@click.option("--park", help="Rules of this park and of all parks.")
@click.option("--kind", type=click.Choice(_KINDS), help="Only of this kind.")
@_json
def list_rules(
    park: str | None,
    kind: str | None,
    as_json: bool,  # noqa: FBT001 - how click passes an option
) -> None:
    """All rules, one a line."""
    with _opened() as conn:
        if park is not None:
            parks.find(conn, park)
        found = rule_edits.listed(conn, Search(park=park, kind=kind))
    if as_json:
        _print_json(found)
        return
    for each in found:
        print(_line(each))


def _line(rule: RuleView) -> str:
    state = "on " if rule.enabled else "off"
    edited = " edited" if rule.edited else ""
    return (
        f"{state} {rule.park or '-':<12} {rule.code:<32} {rule.definition['kind']:<12}"
        f" v{rule.version}{edited}  {rule.name['zh']} / {rule.name['en']}"
    )


@rules.command()
@click.argument("code")
@_park
@_json
def show(
    code: str,
    park: str | None,
    as_json: bool,  # noqa: FBT001 - how click passes an option
) -> None:
    """One rule; with --json as a document that `put` takes again."""
    with _opened() as conn:
        found = rule_edits.holding(conn, code, park)
        document = rule_edits.spec(conn, found.id)
    if as_json:
        _print_json(document)
        return
    print(_line(found))
    print(f"source: {found.source}")
    _print_json(found.definition)


@rules.command("history")
@click.argument("code")
@_park
@_json
def show_history(
    code: str,
    park: str | None,
    as_json: bool,  # noqa: FBT001 - how click passes an option
) -> None:
    """Who changed a rule, when and why."""
    with _opened() as conn:
        _, versions = rule_edits.one(conn, rule_edits.holding(conn, code, park).id)
    if as_json:
        _print_json(versions)
        return
    for each in versions:
        state = "on " if each.enabled else "off"
        at = each.at.astimezone(UTC)
        print(
            f"v{each.version} {at:%Y-%m-%dT%H:%M:%SZ} {state} {each.actor} {each.note}"
        )


@rules.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_own_park
@_actor
@_note
@_json
def put(
    file: Path,
    park: str | None,
    actor: str,
    note: str,
    as_json: bool,  # noqa: FBT001 - how click passes an option
) -> None:
    """Write the rules of a file: TOML with tables `rules`, or JSON of one or more."""
    wanted = _read(file)
    with _opened() as conn:
        change = Change(actor, note)
        found = [rule_edits.put(conn, each, park, change) for each in wanted]
    if as_json:
        _print_json(found)
        return
    for each in found:
        print(_line(each))


def _read(file: Path) -> list[RuleSpec]:
    """Read the rules of a file; an error says in which of them."""
    found = []
    documents = _documents(file)
    if not documents or documents == [{}]:
        message = f"there is no rule in {file}"
        raise InvalidRequestError(code="empty_file", message=message, pointer="file")
    for number, each in enumerate(documents, 1):
        try:
            found.append(rule_edits.parse(each))
        except InvalidRequestError as error:
            code = each.get("code") if isinstance(each, dict) else None
            message = f"{file}, rule {code or number}: {error}"
            raise InvalidRequestError(
                code=error.code, message=message, pointer=error.pointer
            ) from error
    return found


def _documents(file: Path) -> list[Any]:
    try:
        if file.suffix == ".json":
            found = json.loads(file.read_text("utf-8"))
        else:
            found = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        message = f"{file} cannot be read: {error}"
        raise InvalidRequestError(
            code="invalid_file", message=message, pointer="file"
        ) from error
    if isinstance(found, dict):
        found = found.get("rules", [found])
    return found if isinstance(found, list) else [found]


@rules.command()
@click.argument("code")
@_park
@_actor
@_note
def enable(code: str, park: str | None, actor: str, note: str) -> None:
    """Switch a rule on, everywhere or in one park."""
    _switch(code, park, Change(actor, note), enabled=True)


@rules.command()
@click.argument("code")
@_park
@_actor
@_note
def disable(code: str, park: str | None, actor: str, note: str) -> None:
    """Switch a rule off, everywhere or in one park.

    With --park, a rule of all parks goes on elsewhere: the park gets its own version of
    it, which replaces it there and is switched off.
    """
    _switch(code, park, Change(actor, note), enabled=False)


def _switch(code: str, park: str | None, change: Change, *, enabled: bool) -> None:
    with _opened() as conn:
        if park is None:
            rule_id = rule_edits.holding(conn, code, None).id
            found = rule_edits.switch(conn, rule_id, change, enabled=enabled)
        else:
            found = rule_edits.switch_in(conn, code, park, change, enabled=enabled)
    print(_line(found))
    if found.park != park:
        print(f"It is {'on' if enabled else 'off'} in all parks: nothing was changed.")


@rules.command()
@click.argument("rule")
@click.option("--from", "since", help="First day, or RFC 3339; 7 days ago.")
@click.option("--to", "until", help="Day after the last, or RFC 3339; now.")
@click.option("--tz", default="Asia/Shanghai", show_default=True, help="Of the days.")
@click.option("--park", help="Only this park.")
@_json
def backtest(
    rule: str,
    since: str | None,
    until: str | None,
    tz: str,
    park: str | None,
    as_json: bool,  # noqa: FBT001 - how click passes an option
) -> None:
    """Tell what a rule would have done: RULE is a stored code or a file."""
    end = datetime.now(UTC) if until is None else typed.day_or_moment(until, tz, "to")
    start = end - timedelta(days=_DAYS)
    if since is not None:
        start = typed.day_or_moment(since, tz, "from")
    with _opened() as conn:
        found = [
            (each.code, history.run(conn, each, start, end, park))
            for each in _specs(conn, rule, park)
        ]
    if as_json:
        _print_json(dict(found))
        return
    for code, result in found:
        print(_summary(code, result))


def _specs(conn: Connection, rule: str, park: str | None) -> list[Any]:
    if Path(rule).is_file():
        return list(_read(Path(rule)))
    return [rule_edits.spec(conn, rule_edits.holding(conn, rule, park).id)]


def _summary(code: str, found: history.Backtest) -> str:
    first = (
        f"{code}: {found.alerts} alerts on {len(found.devices)} series of"
        f" {found.series}, from {found.readings} readings"
    )
    lines = [first]
    if found.median_s is not None and found.longest_s is not None:
        lines.append(
            f"  median {found.median_s:.0f} s, longest {found.longest_s:.0f} s,"
            f" {found.still_active} still active"
        )
    lines += [f"  {each.day}  {each.alerts}" for each in found.days]
    lines += [
        f"  {each.park}/{each.device}/{each.metric}  {each.alerts} alerts,"
        f" {each.active_s:.0f} s"
        for each in found.devices[:10]
    ]
    return "\n".join(lines)
