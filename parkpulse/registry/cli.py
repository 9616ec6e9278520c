"""`parkpulse registry`: parks, places, devices and meters as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from parkpulse import settings
from parkpulse.errors import ConfigError, InvalidRequestError, NotFoundError
from parkpulse.model.registry import Code
from parkpulse.registry import differences, files, output
from parkpulse.store import commandline, parks, registry_reading, topic_rules
from parkpulse.store import registry as store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from parkpulse.model.registry import DeviceSpec, ParkSpec
    from parkpulse.registry.differences import Difference
    from parkpulse.store.pool import Connection

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_paths = click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)


def _connected() -> AbstractContextManager[Connection]:
    url = settings.load().required_database_url()
    return commandline.transaction(url, name="parkpulse registry")


@click.group()
def registry() -> None:
    """Export, compare and import parks, places, devices, meters and topics."""


@registry.command("export")
@click.option("--park", "parks", multiple=True, help="Only this park; may be repeated.")
@click.option(
    "--format",
    "written",
    type=click.Choice(["yaml", "csv"]),
    default="yaml",
    show_default=True,
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File of the YAML document, or folder of the CSV tables.",
)
@click.option(
    "--discovered", is_flag=True, help="Also devices that nobody has described yet."
)
def export_parks(
    parks: Sequence[str], written: str, out: Path | None, *, discovered: bool
) -> None:
    """Write what is registered, in the form that `import` reads."""
    if written == "csv" and out is None:
        message = "CSV tables need a folder: --out FOLDER"
        raise click.UsageError(message)
    with _connected() as connection:
        specs = [
            registry_reading.load(connection, park, discovered=discovered)
            for park in parks or registry_reading.parks(connection)
        ]
    if out is None:
        print(files.yaml_text(specs), end="")
    elif written == "yaml":
        output.write_files(out.parent, {out.name: files.yaml_text(specs)})
    else:
        output.write_files(out, files.csv_texts(specs))


@registry.command("diff")
@_paths
@_json_option
def diff_files(paths: Sequence[Path], *, as_json: bool) -> None:
    """Show what importing these files would change; exit code 1 if anything."""
    with _connected() as connection:
        specs = _read(connection, paths, as_json=as_json)
        found = _differences(connection, specs)
    _show(found, as_json=as_json)
    if found:
        raise SystemExit(1)


@registry.command("import")
@_paths
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@_json_option
def import_files(paths: Sequence[Path], *, dry_run: bool, as_json: bool) -> None:
    """Take files into the registry, all or nothing; again, and nothing changes.

    What the files do not name stays as it is.
    """
    with _connected() as connection:
        specs = _read(connection, paths, as_json=as_json)
        found = _differences(connection, specs)
        if not dry_run:
            for spec in specs:
                _apply(connection, spec)
    _show(found, as_json=as_json)
    if not as_json:
        print("Nothing was changed." if dry_run or not found else "Imported.")


@registry.command("replace")
@click.argument("park")
@click.argument("device")
@click.argument("new_id")
def replace_device(park: str, device: str, new_id: str) -> None:
    """Take what comes under NEW_ID as DEVICE's from now on: one history goes on."""
    try:
        msgspec.convert(new_id, Code)
    except msgspec.ValidationError as error:
        message = f"{new_id!r} is no id: 1 to 64 of letters, digits and . _ : -"
        raise ConfigError(message) from error
    with _connected() as connection:
        spec = registry_reading.load(connection, park)
        found = _device(spec, device)
        aliases = [*found.aliases, new_id]
        _apply_device(connection, spec, msgspec.structs.replace(found, aliases=aliases))
    print(f"{new_id} is {device} now.")


@registry.group("topics")
def topics() -> None:
    """Foreign topics: list their rules, take one out of force."""


@topics.command("list")
@click.option("--park", help="Only this park.")
@_json_option
def list_topics(park: str | None, *, as_json: bool) -> None:
    """List which filters stand for which park and format."""
    with _connected() as connection:
        if park is not None:
            parks.find(connection, park)
        rules = [
            each
            for each in topic_rules.load(connection)
            if park is None or each.park == park
        ]
    if as_json:
        print(json.dumps({"items": [each._asdict() for each in rules]}))
        return
    for each in rules:
        level = "" if each.device_level is None else f" device={each.device_level}"
        options = "".join(f" {name}={told}" for name, told in each.options.items())
        print(f"{each.park}  {each.filter}  {each.format}{level}{options}")
    print(f"{len(rules)} rules.")


@topics.command("remove")
@click.argument("topic_filter", metavar="FILTER")
def remove_topic(topic_filter: str) -> None:
    """Take the rule of FILTER out of force: ingest unsubscribes; history stays."""
    with _connected() as connection:
        topic_rules.remove(connection, topic_filter)
    print(f"{topic_filter} is followed no longer.")


@registry.command("retire")
@click.argument("park")
@click.argument("device")
def retire_device(park: str, device: str) -> None:
    """Take DEVICE out of use: its history stays, what still comes is quarantined."""
    with _connected() as connection:
        spec = registry_reading.load(connection, park)
        found = _device(spec, device)
        _apply_device(connection, spec, msgspec.structs.replace(found, retired=True))
    print(f"{device} is out of use.")


def _device(spec: ParkSpec, code: str) -> DeviceSpec:
    for device in spec.devices:
        if device.code == code:
            return device
    kind = "device"
    raise NotFoundError(kind, code)


def _apply_device(connection: Connection, spec: ParkSpec, device: DeviceSpec) -> None:
    others = [each for each in spec.devices if each.code != device.code]
    _apply(connection, msgspec.structs.replace(spec, devices=[*others, device]))


def _apply(connection: Connection, spec: ParkSpec) -> None:
    try:
        store.apply(connection, spec)
    except (InvalidRequestError, msgspec.ValidationError) as error:
        message = f"{spec.code}: {error}"
        raise ConfigError(message) from error


def _read(
    connection: Connection, paths: Sequence[Path], *, as_json: bool
) -> list[ParkSpec]:
    found = files.read(paths, lambda park: _registered(connection, park))
    if found.problems:
        output.show_problems(found.problems, as_json=as_json)
        raise SystemExit(2)
    return found.parks


def _registered(connection: Connection, park: str) -> ParkSpec | None:
    try:
        return registry_reading.load(connection, park)
    except NotFoundError:
        return None


def _differences(connection: Connection, specs: Sequence[ParkSpec]) -> list[Difference]:
    return [
        each
        for spec in specs
        for each in differences.differences(_registered(connection, spec.code), spec)
    ]


def _show(found: Sequence[Difference], *, as_json: bool) -> None:
    if as_json:
        items = [each._asdict() for each in found]
        print(json.dumps({"items": items}, ensure_ascii=False))
        return
    for each in found:
        print(f"{each.kind:8} {each.table:12} {each.park}/{each.key}")
        for name, text in each.after.items() if each.kind == "changed" else ():
            print(f"         {name}: {each.before[name]!r} -> {text!r}")
    print(f"{len(found)} differences.")
