"""`parkpulse push`: accounts of the platforms that push messages over HTTP."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, TextIO

import click

from api.push import opening
from api.push.courier import token_hash
from parkpulse import settings
from parkpulse.errors import ConfigError, ConflictError
from parkpulse.notify import vault
from parkpulse.query import pauses
from parkpulse.store import commandline, parks
from parkpulse.store import push_accounts as store
from parkpulse.wire.platforms import onenet_envelope

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from parkpulse.query.pauses import PauseView
    from parkpulse.settings import Settings
    from parkpulse.store.pool import Connection
    from parkpulse.store.push_accounts import PushAccount

PLATFORMS = ("ctwing", "onenet", "iotda")
_NAME = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_platform = click.argument("platform", type=click.Choice(PLATFORMS))


def _transaction(config: Settings) -> AbstractContextManager[Connection]:
    return commandline.transaction(
        config.required_database_url(), name="parkpulse push"
    )


@click.group()
def push() -> None:
    """Messages that carriers' platforms push over HTTP."""


@push.group()
def accounts() -> None:
    """Who may push."""


@accounts.command("add")
@_platform
@click.argument("name")
@click.option("--park", required=True, help="Park of the devices.")
@click.option(
    "--secret-file",
    type=click.File(),
    help="File with the token that OneNET signs with; - reads standard input.",
)
@click.option(
    "--aes-key-file", type=click.File(), help="File with the key of OneNET's cipher."
)
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="device_id=imei, profile=NAME or profile.PRODUCT=NAME; repeatable.",
)
@_json_option
def add(
    platform: str,
    name: str,
    park: str,
    secret_file: TextIO | None,
    aes_key_file: TextIO | None,
    options: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Add an account and print its address with the token, this once."""
    config = settings.load()
    if not _NAME.fullmatch(name):
        message = f"{name!r} is no name: 1 to 64 of letters, digits and . _ : -"
        raise ConfigError(message)
    token = opening.new_token()
    try:
        with _transaction(config) as conn:
            store.add(
                conn,
                platform,
                name,
                park,
                token_hash(token),
                secret=_locked(config, secret_file, is_key=False),
                aes_key=_locked(config, aes_key_file, is_key=True),
                options=_options(options),
            )
    except ConflictError as error:
        message = f"{error}: remove it first"
        raise ConfigError(message) from error
    path = f"/push/{platform}/{token}"
    if as_json:
        print(json.dumps({"platform": platform, "name": name, "path": path}))
        return
    base = config.public_url or f"http://{config.host}:{config.port}"
    print(
        f"Account {platform}/{name} is added; it is served within 5 seconds.\n"
        f"Address for the platform, shown only now:\n{base.rstrip('/')}{path}"
    )


def _locked(config: Settings, file: TextIO | None, *, is_key: bool) -> bytes | None:
    if file is None:
        return None
    try:
        secret = file.read().strip()
    except UnicodeDecodeError as error:
        message = f"{file.name} holds no text"
        raise ConfigError(message) from error
    if not secret:
        message = f"{file.name} holds no secret"
        raise ConfigError(message)
    if is_key and not onenet_envelope.is_key(secret):
        message = "an AES key has 16 characters, or 43 on the legacy platform"
        raise ConfigError(message)
    return vault.open_vault(config.vault_key, config.folder).lock(secret)


def _options(given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator or not value or not opening.OPTION.fullmatch(name):
            message = (
                f"{each!r} is no option: device_id=imei, profile=NAME or"
                " profile.PRODUCT=NAME"
            )
            raise ConfigError(message)
        found[name] = value
    return found


def _shown(account: PushAccount) -> dict[str, object]:
    return {
        "platform": account.platform,
        "name": account.name,
        "park": account.park,
        "signed": account.secret is not None,
        "encrypted": account.aes_key is not None,
        "options": account.options,
        "created_at": account.created_at.isoformat(),
    }


@accounts.command("list")
@_json_option
def list_accounts(*, as_json: bool) -> None:
    """Show all accounts; never their tokens and secrets."""
    with _transaction(settings.load()) as conn:
        shown = [_shown(each) for each in store.listed(conn)]
    if as_json:
        print(json.dumps(shown))
        return
    for each in shown:
        signed = "signed" if each["signed"] else "unsigned"
        print(f"{each['platform']}/{each['name']}  {each['park']}  {signed}")


@accounts.command("remove")
@_platform
@click.argument("name")
@_json_option
def remove(platform: str, name: str, *, as_json: bool) -> None:
    """Remove an account: its address is closed within 5 seconds."""
    with _transaction(settings.load()) as conn:
        store.remove(conn, platform, name)
    if as_json:
        print(json.dumps({"platform": platform, "name": name}))
        return
    print(f"Account {platform}/{name} is removed.")


@push.command()
@click.option("--park", required=True, help="Park to look at.")
@click.option(
    "--hours",
    default=24,
    show_default=True,
    type=click.IntRange(1, 24 * 366),
    help="The last so many hours by the park's clock.",
)
@click.option(
    "--devices", "pattern", default="*", help="Devices that are pushed, by code: acf*."
)
@_json_option
def gaps(park: str, hours: int, pattern: str, *, as_json: bool) -> None:
    """Show when a platform seems to have paused: many devices lack a report."""
    with _transaction(settings.load()) as conn:
        end = parks.now(conn, park)
        start = end - timedelta(hours=hours)
        found = pauses.found(conn, park, start, end, pattern)
    if as_json:
        print(json.dumps({"items": [_pause(each) for each in found]}))
        return
    for each in found:
        when = f"{each.start.isoformat()} to {each.end.isoformat()}"
        print(f"{when}: {each.reports} reports of {each.devices} devices")
    if not found:
        print("No pause was found.", file=sys.stderr)


def _pause(each: PauseView) -> dict[str, object]:
    return {
        "start": each.start.isoformat(),
        "end": each.end.isoformat(),
        "devices": each.devices,
        "reports": each.reports,
    }
