"""`parkpulse backup` and `parkpulse restore`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parkpulse import settings
from parkpulse.errors import ConfigError
from parkpulse.services import local
from parkpulse.services.database import Database
from parkpulse.services.keep import work
from parkpulse.services.keep.work import Place
from parkpulse.store import commandline

if TYPE_CHECKING:
    from parkpulse.settings import Settings

_KEY = "secret.key"
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _tell(step: str) -> None:
    click.echo(f"==> {step}", err=True)


def _place(config: Settings) -> Place:
    url = config.required_database_url()
    commandline.check(url)
    home = config.folder
    return Place(home, config.cache.expanduser().absolute(), url)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@_json_option
def backup(folder: Path, *, as_json: bool) -> None:
    """Back the database up into a new folder below FOLDER, while everything runs.

    The key that opens stored secrets (secret.key) is not in it: keep it elsewhere.
    """
    place = _place(settings.load())
    made = work.backup(place, folder.absolute(), _tell)
    size = sum(file.stat().st_size for file in made.rglob("*") if file.is_file())
    if as_json:
        print(json.dumps({"backup": str(made), "bytes": size}))
        return
    print(f"{made}: {size / 1e6:.1f} MB")
    print(
        f"Not in it: {place.home / _KEY}. Without that key the secrets of channels and"
        " push accounts in a restored database cannot be read: keep a copy apart."
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--replace", is_flag=True, help="Even if the database holds something.")
@_json_option
def restore(folder: Path, *, replace: bool, as_json: bool) -> None:
    """Restore the backup FOLDER into the database, which must be empty and unused.

    With the private database: 'parkpulse services start', restore, 'parkpulse services
    stop'. With one of your own: PARKPULSE_ADMIN_DATABASE_URL names a superuser.
    """
    config = settings.load()
    place = _place(config)
    manifest = work.restore(
        place, _admin_url(config, place), folder.absolute(), _tell, replace=replace
    )
    if as_json:
        print(
            json.dumps(
                {"made_at": manifest.made_at, "rows": manifest.rows}, default=str
            )
        )
        return
    print(
        f"Restored the state of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC:"
        f" {sum(manifest.rows.values())} rows in {len(manifest.rows)} tables, all"
        " there."
    )
    if not (place.home / _KEY).exists() and config.secret_key is None:
        print(
            f"There is no {place.home / _KEY}: put the key of that time there, or set"
            " the secrets of channels and push accounts again."
        )
    print(
        "Readers' rights were not restored: run 'parkpulse grafana role' if you use it."
    )


def _admin_url(config: Settings, place: Place) -> str:
    if config.admin_database_url is not None:
        return config.admin_database_url.get_secret_value()
    is_private = settings.configured().database_url is None
    if not is_private or not (place.home / "superuser.password").exists():
        message = (
            "TimescaleDB's catalogue can be restored only by a superuser: set"
            " PARKPULSE_ADMIN_DATABASE_URL"
        )
        raise ConfigError(message)
    port = local.port(place.url)
    return Database(Path(), place.home, port, None).superuser_url
