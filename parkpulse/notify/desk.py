"""Channels as people set them up: checked, sealed, tested."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from uuid_utils import compat

from parkpulse.errors import ConfigError, ConflictError, InvalidRequestError
from parkpulse.notify import dispatch, guard, notices, signing
from parkpulse.notify.platforms.contract import Credentials, Options, Task
from parkpulse.store import channels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parkpulse.model.alert import Severity
    from parkpulse.notify.dispatch import Dispatcher
    from parkpulse.notify.schedule import Outcome
    from parkpulse.notify.vault import Vault
    from parkpulse.store.channels import Channel, Kind
    from parkpulse.store.pool import Connection

_INVALID = "invalid_value"
_NAME = re.compile(r"[^\x00-\x1f\x7f/]{1,64}")
_MOBILE = re.compile(r"\+?[0-9]{5,15}")
_USER = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}")
_MOST = 50
_LONGEST_SECRET = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A channel as somebody wants it; empty credentials keep what there is."""

    name: str
    kind: Kind
    url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    min_severity: Severity = "low"
    park: str | None = None
    enabled: bool = True
    options: Options = field(default_factory=Options)


def create(
    conn: Connection, vault: Vault, draft: Draft, *, allow_private: bool
) -> str | None:
    """Add a channel; return the secret that was made for a webhook, shown only now.

    Raises
    ------
    InvalidRequestError
        A value is not acceptable.
    ConflictError
        There is a channel of this name.
    NotFoundError
        There is no such park.
    """
    made = None
    if draft.kind == "webhook" and not draft.secret:
        made = signing.new_secret()
        draft = replace(draft, secret=made)
    _check(draft, allow_private=allow_private)
    credentials = Credentials(draft.url, draft.secret, draft.user)
    channels.insert(conn, _row(vault, draft, credentials))
    return made


def update(
    conn: Connection,
    vault: Vault,
    draft: Draft,
    *,
    version: int | None = None,
    allow_private: bool,
) -> Channel:
    """Change a channel; raises as `create`, and ConflictError for an old version."""
    found = channels.find(conn, draft.name)
    if version is not None and version != found.version:
        message = f"the channel has version {found.version}, not {version}"
        raise ConflictError(message)
    kept = dispatch.unseal(vault, found.secret, found.url)
    if draft.url and draft.url != kept.url and not draft.secret and kept.secret:
        # Else whoever may edit could have the secret used at an address of theirs.
        problem = "a new address needs its secret again"
        raise InvalidRequestError(_INVALID, problem, "/secret")
    draft = replace(
        draft,
        kind=found.kind,
        url=draft.url or kept.url,
        secret=draft.secret or kept.secret,
        user=draft.user or kept.user,
    )
    _check(draft, allow_private=allow_private)
    credentials = Credentials(draft.url, draft.secret, draft.user)
    channels.update(conn, found, _row(vault, draft, credentials))
    return channels.find(conn, draft.name)


def _row(vault: Vault, draft: Draft, credentials: Credentials) -> channels.Row:
    return channels.Row(
        name=draft.name,
        kind=draft.kind,
        # What follows the host may be a robot's key.
        url=guard.masked(draft.url),
        secret=dispatch.seal(vault, credentials),
        min_severity=draft.min_severity,
        park=draft.park,
        enabled=draft.enabled,
        options=msgspec.to_builtins(draft.options),
    )


def _check(draft: Draft, *, allow_private: bool) -> None:
    if not _NAME.fullmatch(draft.name) or draft.name != draft.name.strip():
        problem = "a name has 1 to 64 printable characters and no slash"
        raise InvalidRequestError(_INVALID, problem, "/name")
    secret = draft.secret + draft.user
    if len(secret) > _LONGEST_SECRET or not secret.isprintable():
        problem = "secret and user have at most 500 printable characters"
        raise InvalidRequestError(_INVALID, problem, "/secret")
    _require(draft.options.mention_mobiles, _MOBILE, "mention_mobiles")
    _require(draft.options.mention_users, _USER, "mention_users")
    if draft.kind == "email":
        guard.validate_mail(draft.url, allow_private=allow_private)
        _require([draft.options.sender], _MAIL, "sender")
        _require(draft.options.recipients or [""], _MAIL, "recipients")
    else:
        guard.validate(draft.url, allow_private=allow_private)
        _check_secret(draft)


def _check_secret(draft: Draft) -> None:
    if draft.kind == "webhook":
        try:
            signing.headers(draft.secret, "", 0, b"")
        except ConfigError as error:
            problem = "a webhook's secret is whsec_ and base64"
            raise InvalidRequestError(_INVALID, problem, "/secret") from error


_WANTED = {
    "mention_mobiles": "up to 50 mobile numbers",
    "mention_users": "up to 50 user ids",
    "sender": "the address that mail comes from, such as park@example.com (--from)",
    "recipients": "up to 50 addresses, such as duty@example.com (--to)",
}


def _require(values: Iterable[str], pattern: re.Pattern[str], name: str) -> None:
    found = list(values)
    if len(found) > _MOST or not all(pattern.fullmatch(each) for each in found):
        problem = f"{name}: {_WANTED[name]}"
        raise InvalidRequestError(_INVALID, problem, f"/options/{name}")


def shown_url(channel: Channel) -> str:
    """Address of a channel without what may be a secret, in old rows too."""
    return guard.masked(channel.url)


def test(vault: Vault, dispatcher: Dispatcher, channel: Channel) -> Outcome:
    """Send a test message now, without the outbox."""
    now = datetime.now(UTC)
    options = dispatch.options(channel.options)
    task = Task(
        id=str(compat.uuid7()),
        card=notices.test_card(channel.name, options.language),
        body=notices.test_body(now),
        credentials=dispatch.unseal(vault, channel.secret, channel.url),
        options=options,
        now=now,
    )
    return dispatcher.carry(channel.kind, task, "test")
