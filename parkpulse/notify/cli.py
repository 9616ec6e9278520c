"""`parkpulse notify`: deliver messages; manage channels; read the delivery log."""

from __future__ import annotations

import contextlib
import json
import logging
import platform
import signal
import sys
from typing import TYPE_CHECKING, cast

import click

from parkpulse import logs, settings
from parkpulse.errors import (
    ConfigError,
    ConflictError,
    DeliveryError,
    NotFoundError,
)
from parkpulse.notify import commands, desk, dispatch, emergency, schedule, vault
from parkpulse.notify.commands import Commander
from parkpulse.notify.delivery import Sender
from parkpulse.notify.desk import Draft
from parkpulse.notify.dispatch import Dispatcher
from parkpulse.notify.emergency import EmergencyChannel
from parkpulse.notify.platforms.contract import Options
from parkpulse.notify.process import Notifier
from parkpulse.notify.pulse import Pulse
from parkpulse.notify.schedule import Step
from parkpulse.notify.watch import Watch
from parkpulse.store import channels as store
from parkpulse.store import commandline, processes
from parkpulse.store import deliveries as log
from parkpulse.store.disk import Guard
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from uuid import UUID

    from parkpulse.model.alert import Severity
    from parkpulse.notify.platforms.contract import Language
    from parkpulse.notify.vault import Vault
    from parkpulse.settings import Settings
    from parkpulse.store.channels import Channel, Kind
    from parkpulse.store.pool import Connection

_CONNECTIONS = 8
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _transaction(config: Settings) -> AbstractContextManager[Connection]:
    return commandline.transaction(
        config.required_database_url(), name="parkpulse notify"
    )


@contextlib.contextmanager
def _dispatching(config: Settings) -> Iterator[tuple[Dispatcher, Sender]]:
    page_url = config.public_url or f"http://{config.host}:{config.port}"
    with contextlib.closing(
        Sender(allow_private=config.webhook_allow_private)
    ) as sender:
        yield Dispatcher(_vault(config), sender, page_url), sender


def _vault(config: Settings) -> Vault:
    return vault.open_vault(config.vault_key, config.folder)


@click.group(invoke_without_command=True)
@click.pass_context
def notify(context: click.Context) -> None:
    """Deliver messages to the people on duty until stopped."""
    if context.invoked_subcommand is None:
        _run(settings.load())


def _log_to_stderr(config: Settings) -> None:
    logs.configure(config.log_level, config.log_format)
    # httpx logs every request with its address, which may hold a robot's key.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _run(config: Settings) -> None:
    _log_to_stderr(config)
    url = config.required_database_url()
    database = Database(url, size=_CONNECTIONS, name="parkpulse notify")
    with (
        contextlib.closing(database),
        _dispatching(config) as (dispatcher, sender),
    ):
        database.open()
        notifier = Notifier(database, dispatcher, sender)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: notifier.stop())
        broker = config.mqtt_url.get_secret_value() if config.mqtt_url else None
        with (
            processes.telling(database, "notify"),
            commands.running(Commander(database, broker), notifier.stop),
        ):
            notifier.run()


@notify.group()
def channels() -> None:
    """Where messages go."""


_SEVERITIES = click.Choice(["low", "medium", "high", "critical"])


@channels.command("add")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(store.KINDS),
    default="webhook",
    show_default=True,
    help="webhook, dingtalk 钉钉, wecom 企业微信, feishu 飞书, email.",
)
@click.option(
    "--url",
    required=True,
    help="http(s) address of the receiver or robot; smtp(s)://host of mail.",
)
@click.option(
    "--secret",
    default="",
    help="Signing key of a robot, password of mail; '-' reads it.",
)
@click.option("--user", default="", help="User at the mail server.")
@click.option("--from", "sender", default="", help="Address that mail comes from.")
@click.option("--to", "recipients", multiple=True, help="Who gets mail; repeatable.")
@click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True
)
@click.option("--mention-mobile", multiple=True, help="Mobile to mention; repeatable.")
@click.option("--mention-user", multiple=True, help="User id to mention; repeatable.")
@click.option("--mention-from", type=_SEVERITIES, default="high", show_default=True)
@click.option(
    "--min-severity",
    type=_SEVERITIES,
    default="low",
    show_default=True,
    help="Least severity that it hears of.",
)
@click.option("--park", help="The only park it hears of.")
@_json_option
def add(name: str, *, as_json: bool, **given: object) -> None:
    """Add a channel; the secret of a webhook is made and printed, this once."""
    config = settings.load()
    draft = _draft(name, given)
    try:
        with _transaction(config) as conn:
            made = desk.create(
                conn,
                _vault(config),
                draft,
                allow_private=config.webhook_allow_private,
            )
    except ConflictError as error:
        message = f"there is a channel {name!r} already: remove it first"
        raise ConfigError(message) from error
    if as_json:
        print(json.dumps({"name": name, "kind": draft.kind, "secret": made}))
        return
    print(f"Channel {name} is added.", end="" if made else "\n")
    if made:
        print(f" Its secret, shown only now:\n{made}")


def _asked() -> str:
    """Read a secret that shall not stand in the shell's history."""
    if sys.stdin.isatty():
        return str(click.prompt("Secret", hide_input=True, err=True))
    return sys.stdin.readline().strip()


def _draft(name: str, given: dict[str, object]) -> Draft:
    secret = str(given["secret"])
    if secret == "-":  # noqa: S105 - reads it
        secret = _asked()
    park = given["park"]
    return Draft(
        name=name,
        kind=cast("Kind", given["kind"]),
        url=str(given["url"]),
        secret=secret,
        user=str(given["user"]),
        min_severity=cast("Severity", given["min_severity"]),
        park=None if park is None else str(park),
        options=Options(
            language=cast("Language", given["language"]),
            mention_mobiles=cast("tuple[str, ...]", given["mention_mobile"]),
            mention_users=cast("tuple[str, ...]", given["mention_user"]),
            mention_from=cast("Severity", given["mention_from"]),
            sender=str(given["sender"]),
            recipients=cast("tuple[str, ...]", given["recipients"]),
        ),
    )


def _shown(channel: Channel) -> dict[str, object]:
    return {
        "name": channel.name,
        "kind": channel.kind,
        "url": desk.shown_url(channel),
        "park": channel.park,
        "min_severity": channel.min_severity,
        "options": channel.options,
        "enabled": channel.enabled,
        "failures": channel.failures,
        "paused_until": channel.paused_until and channel.paused_until.isoformat(),
    }


@channels.command("list")
@_json_option
def list_channels(*, as_json: bool) -> None:
    """Show all channels; never their secrets."""
    with _transaction(settings.load()) as conn:
        shown = [_shown(each) for each in store.listed(conn)]
    if as_json:
        print(json.dumps(shown))
        return
    for each in shown:
        state = "on" if each["enabled"] else "off"
        park = each["park"] or "all parks"
        what = f"{each['name']}  {each['kind']}  {state}  {each['min_severity']}+"
        print(f"{what}  {park}  {each['url']}")


@channels.command("remove")
@click.argument("name")
@_json_option
def remove(name: str, *, as_json: bool) -> None:
    """Send nothing more there; what is waiting is given up."""
    with _transaction(settings.load()) as conn:
        store.remove(conn, name)
    shown = json.dumps({"name": name, "removed": True})
    print(shown if as_json else f"Channel {name} is removed.")


@channels.command("emergency")
@click.argument("name")
@_json_option
def set_emergency(name: str, *, as_json: bool) -> None:
    """Use this channel while the database is away: write it into a private file."""
    config = settings.load()
    home = config.folder
    with _transaction(config) as conn:
        channel = store.find(conn, name)
    opened = _vault(config)
    sealed = dispatch.seal(opened, dispatch.unseal(opened, channel.secret, channel.url))
    emergency.write_channel(
        home,
        EmergencyChannel(
            name, channel.kind, sealed.decode(), dispatch.options(channel.options)
        ),
    )
    shown = {"name": name, "file": str(home / emergency.FILE)}
    words = f"Channel {name} is the emergency channel now."
    print(json.dumps(shown) if as_json else words)


@notify.command("watch")
def watch_processes() -> None:
    """Watch the service: use the emergency channel, record it as readings."""
    config = settings.load()
    _log_to_stderr(config)
    with _dispatching(config) as (dispatcher, _):
        watch = Watch(
            config.folder,
            config.required_database_url(),
            config.required_mqtt_url(),
            _vault(config),
            dispatcher,
            Guard(
                (config.disk_folder or config.home).expanduser().absolute(),
                config.disk_warn_mb,
                config.disk_stop_mb,
            ),
            Pulse(
                platform.node() or "localhost",
                config.required_database_url(),
                config.required_mqtt_url(),
            ),
        )
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: watch.stop())
        watch.run()


@channels.command("test")
@click.argument("name")
@_json_option
def test(name: str, *, as_json: bool) -> None:
    """Send a test message now, without the outbox."""
    config = settings.load()
    with _transaction(config) as conn:
        channel = store.find(conn, name)
    with _dispatching(config) as (dispatcher, _):
        outcome = desk.test(_vault(config), dispatcher, channel)
    if schedule.step(outcome, attempts=1, age_s=0.0) is not Step.DELIVERED:
        reason = " ".join(
            str(each) for each in (outcome.status, outcome.error) if each is not None
        )
        message = f"the test message to {name} was not delivered: {reason}"
        raise DeliveryError(message)
    shown = {"name": name, "status": outcome.status, "duration_ms": outcome.duration_ms}
    status = "" if outcome.status is None else f" (HTTP {outcome.status})"
    words = f"Delivered in {outcome.duration_ms:.0f} ms{status}."
    print(json.dumps(shown) if as_json else words)


@notify.group(invoke_without_command=True)
@click.option("--channel", help="Only of this channel.")
@click.option("--state", type=click.Choice(log.STATES), help="Only in this state.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@_json_option
@click.pass_context
def deliveries(
    context: click.Context,
    channel: str | None,
    state: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Show the newest attempts to deliver; send given-up messages again."""
    if context.invoked_subcommand is None:
        _show(channel, state, limit, as_json=as_json)


@deliveries.command("list")
@click.option("--channel", help="Only of this channel.")
@click.option("--state", type=click.Choice(log.STATES), help="Only in this state.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@_json_option
def list_deliveries(
    channel: str | None, state: str | None, limit: int, *, as_json: bool
) -> None:
    """Show the newest attempts to deliver."""
    _show(channel, state, limit, as_json=as_json)


def _show(channel: str | None, state: str | None, limit: int, *, as_json: bool) -> None:
    with _transaction(settings.load()) as conn:
        found = log.attempts(conn, channel, state, limit)
        if not found and channel is not None:
            store.find(conn, channel)
    if as_json:
        print(json.dumps([each._asdict() for each in found], default=str))
        return
    for each in found:
        answer = each.status or each.error or "accepted"
        print(
            f"{each.at:%Y-%m-%d %H:%M:%S}  {each.message}  {each.channel}"
            f"  {each.event}  attempt {each.attempt}  {each.state}  {answer}"
        )


@deliveries.command()
@click.argument("message", required=False, type=click.UUID)
@click.option("--channel", help="All given-up messages of this channel.")
@_json_option
def resend(message: UUID | None, channel: str | None, *, as_json: bool) -> None:
    """Send a given-up message again, or all of a channel."""
    if (message is None) == (channel is None):
        text = "name one message or one --channel"
        raise click.UsageError(text)
    with _transaction(settings.load()) as conn:
        count = log.resend(conn, channel=channel, message=message)
        if not count and channel is not None:
            store.find(conn, channel)
        if not count and message is not None:
            raise NotFoundError(kind="given-up message", key=str(message))
    words = f"{count} messages are sent again."
    print(json.dumps({"resent": count}) if as_json else words)
