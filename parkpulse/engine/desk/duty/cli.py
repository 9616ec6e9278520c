"""`parkpulse duty`: people, rosters and escalation policies of a park."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parkpulse import listing, settings
from parkpulse.engine.desk import options
from parkpulse.model import typed
from parkpulse.model.duty import Substitution
from parkpulse.query import duty as duty_plans
from parkpulse.store import commandline

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from parkpulse.store.pool import Connection


def _connected() -> AbstractContextManager[Connection]:
    url = settings.load().required_database_url()
    return commandline.transaction(url, name=options.NAME)


@click.group()
def duty() -> None:
    """People, rosters and escalation policies of a park."""


@duty.command("show")
@click.argument("park")
@options.json_option
def show_plan(park: str, *, as_json: bool) -> None:
    """Print the duty plan in force, in the form that `put` reads."""
    with _connected() as conn:
        stored = duty_plans.plan(conn, park)
    if as_json:
        print(options.as_json(stored._asdict()))
        return
    print(options.as_yaml(stored.plan), end="")


@duty.command("put")
@click.argument("park")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.by_option
@options.json_option
def put_plan(park: str, file: Path, by: str, *, as_json: bool) -> None:
    """Put a plan (YAML or JSON) in force."""
    with _connected() as conn:
        stored = duty_plans.put(conn, park, duty_plans.read(options.document(file)), by)
    words = f"Version {stored.version} of the duty plan of {park} is in force."
    print(options.as_json({"version": stored.version}) if as_json else words)


@duty.command()
@click.argument("park")
@click.argument("roster")
@click.option("--start", required=True, help="RFC 3339.")
@click.option("--end", required=True, help="RFC 3339.")
@click.option("--stand-in", required=True, help="Code of the person who stands in.")
@click.option("--person", help="For whom; by default for everybody.")
@options.by_option
@options.json_option
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
        start=typed.moment(start, "start"),
        end=typed.moment(end, "end"),
        by=stand_in,
        person=person,
    )
    with _connected() as conn:
        stored = duty_plans.substitute(conn, park, roster, new, by)
    words = f"{stand_in} stands in (version {stored.version} of the plan)."
    print(options.as_json({"version": stored.version}) if as_json else words)


@duty.command()
@click.argument("park")
@click.option("--at", help="RFC 3339; by default now on the park's clock.")
@options.json_option
def now(park: str, at: str | None, *, as_json: bool) -> None:
    """Who is on duty."""
    with _connected() as conn:
        found = duty_plans.on_duty(conn, park, typed.moment(at, "at") if at else None)
    if as_json:
        posts = [each._asdict() for each in found.posts]
        print(options.as_json({**found._asdict(), "posts": posts}))
        return
    for post in found.posts:
        names = ", ".join(each.name for each in post.people) or "nobody"
        print(f"{post.roster}  {post.name}  {names}")
    listing.say_if_none(found.posts, "rosters: 'parkpulse duty put' makes a plan")
