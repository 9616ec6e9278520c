"""`parkpulse grafana`: the dashboards of Grafana, and the role that reads for them."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.grafana import documents, push, role, wanted
from dashboards.grafana.remote import Remote
from dashboards.grafana.wanted import Wanted
from parkpulse import settings
from parkpulse.errors import ConfigError
from parkpulse.services import secret
from parkpulse.store import reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr

    from dashboards.grafana.push import Change
    from dashboards.grafana.role import Outcome
    from parkpulse.settings import Settings

_PASSWORD = "grafana.password"  # noqa: S105 - the name of a file
_OUTCOMES: dict[Outcome, str] = {
    "made": "The role {name} is made.",
    "renewed": "The role {name} has its password and its limits again.",
    "kept": "The role {name} may read the views.",
}
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_database_option = click.option(
    "--database",
    metavar="HOST:PORT",
    help="Under which Grafana reaches the database, if not as we do.",
)
_contact_option = click.option(
    "--contact",
    "contacts",
    metavar="EMAIL",
    multiple=True,
    help="Who gets Grafana's own alerts; may be repeated.",
)
_overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Also replace what was edited in Grafana."
)
_name_option = click.option(
    "--name", default=reader.ROLE, show_default=True, help="Of the database role."
)


@click.group()
def grafana() -> None:
    """Bring dashboards into a Grafana, and make the role that reads for them.

    PARKPULSE_GRAFANA_URL and PARKPULSE_GRAFANA_TOKEN, or the same keys of the
    configuration file, name the Grafana and a token of its.
    """


@grafana.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@_json_option
def export_files(folder: Path, *, as_json: bool) -> None:
    """Write dashboards and provisioning files into FOLDER."""
    found = documents.write(folder, _page(settings.load()))
    if as_json:
        print(json.dumps({"files": found}))
        return
    print(f"{len(found)} files written into {folder}.")


@grafana.command("role")
@_name_option
@click.option("--sql", "is_script", is_flag=True, help="Only print what to run.")
@_json_option
def make_role(name: str, *, is_script: bool, as_json: bool) -> None:
    """Make the database role that dashboards read with, or set its password again.

    It sees the views made for dashboards and nothing else, writes nothing, and no query
    of its lasts longer than 30 s.
    """
    if is_script:
        print(reader.script(name), end="")
        return
    config = settings.load()
    password, where = _made_password(config)
    own_url = config.required_database_url()
    admin_url = role.administrator(
        own_url, _value(config.admin_database_url), _superuser_password(config)
    )
    outcome = role.put_in_place(own_url, admin_url, name, password)
    if outcome == "kept":
        where = "as its administrator has set it"
    if as_json:
        print(json.dumps({"role": name, "outcome": outcome, "password": where}))
        return
    print(_OUTCOMES[outcome].format(name=name))
    print(f"Its password: {where}.")


def _superuser_password(config: Settings) -> Path | None:
    """Name the file of the private server; None if the user has named another one."""
    if settings.configured().database_url is not None:
        return None
    return config.home.expanduser() / "superuser.password"


def _value(given: SecretStr | None) -> str | None:
    return None if given is None else given.get_secret_value()


def _made_password(config: Settings) -> tuple[str, str]:
    """Return the password, and where it stands."""
    if config.grafana_database_password is not None:
        given = config.grafana_database_password.get_secret_value()
        return given, "PARKPULSE_GRAFANA_DATABASE_PASSWORD"
    file = config.home.expanduser() / _PASSWORD
    file.parent.mkdir(parents=True, exist_ok=True)
    return secret.password(file), str(file)


@grafana.command("push")
@_name_option
@_database_option
@_contact_option
@_overwrite_option
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@_json_option
def push_all(
    name: str,
    database: str | None,
    contacts: Sequence[str],
    *,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring data source, folders, dashboards and contact point into Grafana.

    Run again, it changes nothing. What people have edited in Grafana stays as it is,
    unless --overwrite is given.
    """
    config = settings.load()
    target = _wanted(config, name, database, contacts)
    found = []
    with contextlib.closing(_remote(config)) as remote:
        for change in push.changes(remote, target, overwrite=overwrite):
            if change.is_due and not dry_run:
                change.carry_out()
            found.append(change)
    _show(found, as_json=as_json)
    if not as_json:
        is_idle = dry_run or not any(change.is_due for change in found)
        print("Nothing was changed." if is_idle else "Done.")


@grafana.command("diff")
@_name_option
@_database_option
@_contact_option
@_json_option
def diff_all(
    name: str, database: str | None, contacts: Sequence[str], *, as_json: bool
) -> None:
    """Show what `push` would change; exit code 1 if anything."""
    config = settings.load()
    target = _wanted(config, name, database, contacts)
    with contextlib.closing(_remote(config)) as remote:
        found = list(push.changes(remote, target, overwrite=False))
    _show(found, as_json=as_json)
    if any(change.is_due for change in found):
        raise SystemExit(1)


def _page(config: Settings) -> str:
    page = config.public_url or f"http://{config.host}:{config.port}"
    return page.rstrip("/")


def _remote(config: Settings) -> Remote:
    if config.grafana_url is None or config.grafana_token is None:
        message = (
            "no Grafana is named: set PARKPULSE_GRAFANA_URL and PARKPULSE_GRAFANA_TOKEN"
        )
        raise ConfigError(message)
    return Remote(config.grafana_url, config.grafana_token.get_secret_value())


def _wanted(
    config: Settings, name: str, database: str | None, contacts: Sequence[str]
) -> Wanted:
    url = config.required_database_url()
    return Wanted(
        source=wanted.source(url, database, name),
        password=_known_password(config),
        page=_page(config),
        contact=wanted.contact(contacts, _value(config.grafana_contact_url)),
    )


def _known_password(config: Settings) -> str | None:
    if config.grafana_database_password is not None:
        return config.grafana_database_password.get_secret_value()
    file = config.home.expanduser() / _PASSWORD
    return file.read_text().strip() if file.is_file() else None


def _show(found: Sequence[Change], *, as_json: bool) -> None:
    if as_json:
        items = [
            {"kind": each.kind, "name": each.name, **each.verdict._asdict()}
            for each in found
        ]
        print(json.dumps({"items": items}, ensure_ascii=False))
        return
    for each in found:
        if each.verdict.action != "same":
            reason = f" ({each.verdict.reason})" if each.verdict.reason else ""
            print(f"{each.verdict.action:6} {each.kind} {each.name}{reason}")
    same = sum(each.verdict.action == "same" for each in found)
    print(f"{same} of {len(found)} are as they shall be.")
