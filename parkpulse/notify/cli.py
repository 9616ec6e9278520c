"""`parkpulse notify`: deliver messages; manage channels; read the delivery log."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import click
import msgspec
from uuid_utils import compat

from parkpulse import settings
from parkpulse.errors import ConfigError, ConflictError, DeliveryError
from parkpulse.notify import guard, schedule, signing, vault
from parkpulse.notify.delivery import Letter, Sender
from parkpulse.notify.process import Notifier
from parkpulse.notify.schedule import Step
from parkpulse.store import channels as store
from parkpulse.store import outbox
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.model.alert import Severity
    from parkpulse.notify.vault import Vault
    from parkpulse.settings import Settings
    from parkpulse.store.channels import Channel

_CONNECTIONS = 8
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextlib.contextmanager
def _opened(config: Settings) -> Iterator[Database]:
    url = config.required_database_url()
    database = Database(url, size=_CONNECTIONS, name="parkpulse notify")
    database.open()
    try:
        yield database
    finally:
        database.close()


def _vault(config: Settings) -> Vault:
    key = config.secret_key.get_secret_value() if config.secret_key else None
    return vault.open_vault(key, config.home.expanduser().absolute())


@click.group(invoke_without_command=True)
@click.pass_context
def notify(context: click.Context) -> None:
    """Deliver messages to the people on duty until stopped."""
    if context.invoked_subcommand is None:
        _run(settings.load())


def _run(config: Settings) -> None:
    logging.basicConfig(
        level=config.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # httpx logs every request with its address, which may hold a robot's key.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sender = Sender(allow_private=config.webhook_allow_private)
    with _opened(config) as database, contextlib.closing(sender):
        notifier = Notifier(database, _vault(config), sender)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: notifier.stop())
        notifier.run()


@notify.group()
def channels() -> None:
    """Where messages go."""


@channels.command("add")
@click.argument("name")
@click.option("--url", required=True, help="http(s) address that gets the messages.")
@click.option(
    "--min-severity",
    type=click.Choice(["low", "medium", "high", "critical"]),
    default="low",
    show_default=True,
    help="Least severity that it hears of.",
)
@click.option("--park", help="The only park it hears of.")
@_json_option
def add(
    name: str, url: str, min_severity: str, park: str | None, *, as_json: bool
) -> None:
    """Add a webhook and print its secret, this once."""
    config = settings.load()
    guard.validate(url, allow_private=config.webhook_allow_private)
    secret = signing.new_secret()
    locked = _vault(config).lock(secret)
    severity = cast("Severity", min_severity)
    with _opened(config) as database:
        try:
            with database.transaction() as conn:
                store.add(conn, name, url, locked, severity, park)
        except ConflictError as error:
            message = f"there is a channel {name!r} already: remove it first"
            raise ConfigError(message) from error
    if as_json:
        print(json.dumps({"name": name, "secret": secret}))
        return
    print(f"Channel {name} is added. Its secret, shown only now:\n{secret}")


def _shown(channel: Channel) -> dict[str, object]:
    return {
        "name": channel.name,
        "kind": channel.kind,
        # What follows the host may be a robot's key.
        "url": guard.masked(channel.url),
        "park": channel.park,
        "min_severity": channel.min_severity,
        "enabled": channel.enabled,
        "failures": channel.failures,
        "paused_until": channel.paused_until and channel.paused_until.isoformat(),
    }


@channels.command("list")
@_json_option
def list_channels(*, as_json: bool) -> None:
    """Show all channels; never their secrets."""
    with _opened(settings.load()) as database, database.transaction() as conn:
        shown = [_shown(each) for each in store.listed(conn)]
    if as_json:
        print(json.dumps(shown))
        return
    for each in shown:
        state = "on" if each["enabled"] else "off"
        park = each["park"] or "all parks"
        print(
            f"{each['name']}  {state}  {each['min_severity']}+  {park}  {each['url']}"
        )


@channels.command("remove")
@click.argument("name")
@_json_option
def remove(name: str, *, as_json: bool) -> None:
    """Send nothing more there; what is waiting is given up."""
    with _opened(settings.load()) as database, database.transaction() as conn:
        store.remove(conn, name)
    shown = json.dumps({"name": name, "removed": True})
    print(shown if as_json else f"Channel {name} is removed.")


@channels.command("test")
@click.argument("name")
@_json_option
def test(name: str, *, as_json: bool) -> None:
    """Send a test message now, without the outbox."""
    config = settings.load()
    with _opened(config) as database, database.transaction() as conn:
        channel = store.find(conn, name)
    secret = _vault(config).unlock(channel.secret)
    letter = Letter(str(compat.uuid7()), channel.url, secret, _test_body())
    with contextlib.closing(
        Sender(allow_private=config.webhook_allow_private)
    ) as sender:
        outcome = sender.send(letter)
    if schedule.step(outcome, attempts=1, age_s=0.0) is not Step.DELIVERED:
        reason = " ".join(
            str(each) for each in (outcome.status, outcome.error) if each is not None
        )
        message = f"the test message to {name} was not delivered: {reason}"
        raise DeliveryError(message)
    shown = {"name": name, "status": outcome.status, "duration_ms": outcome.duration_ms}
    words = f"Delivered in {outcome.duration_ms:.0f} ms (HTTP {outcome.status})."
    print(json.dumps(shown) if as_json else words)


def _test_body() -> bytes:
    text = {"zh": "园区脉搏测试消息", "en": "Test message of Parkpulse"}
    now = datetime.now(UTC)
    return msgspec.json.encode(
        {"type": "test", "timestamp": now, "data": {"text": text}}
    )


@notify.command()
@click.option("--channel", help="Only of this channel.")
@click.option(
    "--state",
    type=click.Choice(["pending", "delivered", "dead"]),
    help="Only of messages in this state.",
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@_json_option
def deliveries(
    channel: str | None, state: str | None, limit: int, *, as_json: bool
) -> None:
    """Show the newest attempts to deliver."""
    with _opened(settings.load()) as database, database.transaction() as conn:
        found = outbox.deliveries(conn, channel, state, limit)
    if as_json:
        print(json.dumps([each._asdict() for each in found], default=str))
        return
    for each in found:
        answer = each.status or each.error
        print(
            f"{each.at:%Y-%m-%d %H:%M:%S}  {each.channel}  {each.event}"
            f"  attempt {each.attempt}  {each.state}  {answer}"
        )
