"""`parkpulse maintenance`: times in which alerts call nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from parkpulse import listing, settings
from parkpulse.engine.desk import options, telling
from parkpulse.model import typed
from parkpulse.query import maintenance
from parkpulse.store import commandline, parks

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from parkpulse.store.pool import Connection


def _connected() -> AbstractContextManager[Connection]:
    url = settings.load().required_database_url()
    return commandline.transaction(url, name=options.NAME)


@click.group("maintenance")
def windows() -> None:
    """Record alerts of a time and call nobody."""


@windows.command("list")
@click.argument("park")
@click.option("--past", is_flag=True, help="Also those that are over.")
@options.json_option
def list_windows(park: str, *, past: bool, as_json: bool) -> None:
    """Maintenance windows of a park."""
    with _connected() as conn:
        found = maintenance.listed(conn, park, with_past=past)
        zone = parks.find(conn, park).zone
    if as_json:
        print(options.as_json([each._asdict() for each in found]))
        return
    for each in found:
        scope = each.device or each.place or each.rule or "whole park"
        times = " - ".join(telling.local(at, zone) for at in (each.start, each.end))
        print(f"{each.id}  {times}  {scope}  {each.by}: {each.reason}")
    listing.say_if_none(found, "windows")


@windows.command("add")
@click.argument("park")
@click.option("--start", help="RFC 3339; by default now on the park's clock.")
@click.option("--end", required=True, help="RFC 3339.")
@click.option("--place")
@click.option("--device")
@click.option("--rule")
@options.by_option
@options.reason_option
@options.json_option
def add_window(
    park: str, start: str | None, end: str, *, as_json: bool, **rest: str
) -> None:
    """Open a maintenance window."""
    with _connected() as conn:
        begin = typed.moment(start, "start") if start else parks.now(conn, park)
        asked = maintenance.Asked(start=begin, end=typed.moment(end, "end"), **rest)
        made = maintenance.add(conn, park, asked)
        end_at = telling.local(made.end, parks.find(conn, park).zone)
    words = f"Window {made.id} is open until {end_at}."
    print(options.as_json(made._asdict()) if as_json else words)


@windows.command("end")
@click.argument("park")
@click.argument("window", type=int)
@options.by_option
@options.json_option
def end_window(park: str, window: int, by: str, *, as_json: bool) -> None:
    """End a maintenance window now."""
    with _connected() as conn:
        done = maintenance.end(conn, park, maintenance.checked_id(window), by)
    print(options.as_json(done._asdict()) if as_json else f"Window {done.id} is over.")
