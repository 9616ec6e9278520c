"""Backs a database up and restores it, with PostgreSQL's own programs."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from parkpulse.errors import ConfigError, ServiceError
from parkpulse.services import process
from parkpulse.services.keep import archive, programs
from parkpulse.services.keep.archive import Manifest, Progress
from parkpulse.store import keep, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are.

    Parameters
    ----------
    home, cache
        Folders of this installation.
    url
        The database.
    """

    home: Path
    cache: Path
    url: str


def backup(place: Place, folder: Path, tell: Callable[[str], None]) -> Path:
    """Write a backup into a new folder below `folder`; return that.

    All tables are of one moment, while everything goes on.

    Raises
    ------
    ServiceError, StoreError, ConfigError
        It cannot be made; nothing is left then.
    """
    moment = datetime.now(UTC)
    final = folder / f"parkpulse-{moment:%Y%m%dT%H%M%SZ}"
    partial = final.with_name(f"{final.name}.partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.mkdir(mode=_PRIVATE)
        _write(place, partial, moment, tell)
        partial.rename(final)
    except OSError as error:
        message = f"{folder} cannot be written to: {error.strerror}"
        raise ServiceError(message) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return final


def _write(
    place: Place, folder: Path, moment: datetime, tell: Callable[[str], None]
) -> None:
    with keep.snapshot(place.url) as (conn, snapshot):
        source = keep.source(conn)
        sizes = keep.sizes(conn)
        tell(f"Backing up {source.database}: {sum(sizes.values()) / 1e6:.0f} MB")
        progress = Progress(sizes, lambda done: tell(f"Backing up: {done} %"))
        program = programs.find("pg_dump", place.cache, source.major)
        dump = folder / archive.DUMP
        _run(
            [
                *program,
                *("--format=custom", "--compress=1", "--verbose"),
                *(f"--snapshot={snapshot}", f"--file={dump}"),
            ],
            place.url,
            progress,
        )
        tell("Counting rows")
        rows = keep.counts(conn)
    archive.keep_files(place.home, folder)
    archive.write(
        folder,
        Manifest(
            moment, version("parkpulse"), source, rows, sizes, archive.digest(dump)
        ),
    )


def _run(command: list[str], url: str, progress: Progress) -> None:
    reach = keep.reach(url)
    result = process.run(
        [*command, f"--dbname={reach.arguments}"],
        environment={**_environment(), "PGPASSWORD": reach.password},
        on_line=progress.line,
    )
    if result.status != 0:
        words = [line for line in result.output.splitlines() if "error" in line]
        said = (words or result.output.splitlines() or ["no message"])[-1]
        message = f"PostgreSQL's program has failed: {said}"
        raise ServiceError(message)


def _environment() -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("HOME",) if name in os.environ}
    return process.plain_environment(**kept)


def restore(
    place: Place,
    admin_url: str,
    folder: Path,
    tell: Callable[[str], None],
    *,
    replace: bool,
) -> Manifest:
    """Fill the database from a backup and bring it to this version's schema.

    It is filled beside the one that is there and takes its place when all rows have
    arrived; if anything fails, what was there stays as it was.

    Parameters
    ----------
    place
        This installation.
    admin_url
        The same server by a superuser.
    folder
        The backup.
    tell
        Called with each step.
    replace
        Whether a database that holds something of ours may be replaced.

    Raises
    ------
    ConfigError
        The backup does not fit this server or this version, or the database is in use
        or not empty.
    ServiceError, StoreError
        It fails.
    """
    tell("Checking the backup")
    manifest = archive.read(folder)
    _require_known(manifest)
    program = programs.find("pg_restore", place.cache, manifest.source.major)
    target = keep.Target(admin_url, keep.name(place.url))
    source = manifest.source
    target.require_fit(source.owner, source.timescaledb, source.major)
    if not replace and not target.is_empty():
        message = (
            "the database is not empty: --replace puts the backup in its place, and"
            " what it holds now is lost"
        )
        raise ConfigError(message)
    target.require_unused()
    try:
        _fill(target, manifest, folder, program, tell)
        target.swap()
    except BaseException:
        target.give_up()
        raise
    migrate.apply(place.url, lambda name: tell(f"Migration {name}"))
    archive.restore_files(folder, place.home)
    return manifest


def _require_known(manifest: Manifest) -> None:
    known = {each.name for each in migrate.known()}
    newer = sorted(set(manifest.source.migrations) - known)
    if newer:
        message = (
            f"a newer Parkpulse ({manifest.parkpulse}, migration {newer[-1]}) made the"
            " backup: install that version"
        )
        raise ConfigError(message)


def _fill(
    target: keep.Target,
    manifest: Manifest,
    folder: Path,
    program: programs.Command,
    tell: Callable[[str], None],
) -> None:
    source = manifest.source
    target.begin(source.owner, source.timescaledb)
    progress = Progress(manifest.sizes, lambda done: tell(f"Restoring: {done} %"))
    tell(f"Restoring: {(folder / archive.DUMP).stat().st_size / 1e6:.0f} MB")
    _run(
        [
            *program,
            *("--exit-on-error", "--no-acl", "--verbose"),
            str(folder / archive.DUMP),
        ],
        target.new_url,
        progress,
    )
    tell("Counting rows")
    found = target.finish()
    wrong = {
        table for table, count in manifest.rows.items() if found.get(table) != count
    }
    if wrong:
        message = (
            f"{min(wrong)} has not as many rows as were backed up: nothing was changed"
        )
        raise ServiceError(message)
