"""Logging in, setting up, and what people and administrators do with accounts."""

from __future__ import annotations

import contextlib
import logging
import secrets
from dataclasses import dataclass, replace
from datetime import UTC
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from api.auth import passwords
from api.auth.accounts import TOKEN_PREFIX, digest
from parkpulse.errors import (
    ForbiddenError,
    InvalidRequestError,
    TooManyAttemptsError,
    UnauthenticatedError,
)
from parkpulse.model import account
from parkpulse.model.account import Actor, Role
from parkpulse.store import audit, logins, sessions, users
from parkpulse.store.audit import Deed
from parkpulse.store.users import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from parkpulse.model.account import Language
    from parkpulse.store.pool import Connection, Database
    from parkpulse.store.sessions import Token
    from parkpulse.store.users import User

_BYTES = 32
_HINT = 7
_SITE_BITS = 64
_LONGEST_AGENT = 200
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a login comes from."""

    address: str
    agent: str


def log_in(database: Database, name: str, password: str, browser: Browser) -> str:
    """Begin a session; returns its token.

    Raises
    ------
    TooManyAttemptsError
        Of this account or from this address.
    UnauthenticatedError
        Name and password do not match; which of them is not told.
    """
    known = account.normalised(name)
    account_id = verify(database, known, password, browser.address)
    with database.transaction() as conn:
        users.logged_in(conn, account_id)
        return _begin(conn, account_id, users.find(conn, known), browser)


def verify(database: Database, name: str, password: str, address: str) -> int:
    """Return the id of the account that has this password; raises as `log_in`."""
    by_account = digest(f"account:{name}")
    by_address = digest(f"address:{neighbourhood(address)}")
    _try(database, by_address, lambda count: account.wait_after("address", count))
    _try(database, by_account, lambda count: account.wait_after("account", count))
    with database.transaction() as conn:
        found = users.password_hash(conn, name)
    account_id, stored, is_enabled = found or (0, None, False)
    if not passwords.matches(stored, password) or not is_enabled or stored is None:
        _log.warning("a login from %s failed", address)
        code = "login_failed"
        raise UnauthenticatedError(code)
    renewed = passwords.hashed(password) if passwords.is_outdated(stored) else None
    with database.transaction() as conn:
        logins.succeeded(conn, by_account, by_address, account.FORGOTTEN_AFTER)
        if renewed is not None:
            users.rehash(conn, account_id, stored, renewed)
    return account_id


def neighbourhood(address: str) -> str:
    """Return what counts as one address: a site has 2**64 of IPv6 to come from."""
    with contextlib.suppress(ValueError):
        found = ip_address(address)
        if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
            return str(ip_network((found, _SITE_BITS), strict=False))
    return address


def unblock(conn: Connection, name: str) -> None:
    """Forget the failed logins of an account."""
    by_account = digest(f"account:{name}")
    logins.succeeded(conn, by_account, b"", account.FORGOTTEN_AFTER)


def _try(database: Database, key: bytes, wait: Callable[[int], timedelta]) -> None:
    # On its own: the attempt counts whatever becomes of the rest.
    with database.transaction() as conn:
        wait_s = logins.try_once(conn, key, wait, account.FORGOTTEN_AFTER)
    if wait_s > 0:
        raise TooManyAttemptsError(wait_s)


def _begin(conn: Connection, account_id: int, user: User, browser: Browser) -> str:
    token = secrets.token_urlsafe(_BYTES)
    sessions.begin(
        conn,
        account_id,
        digest(token),
        account.ABSOLUTE,
        address=browser.address,
        agent=browser.agent[:_LONGEST_AGENT],
    )
    _write_down(conn, "login", user, browser)
    return token


def _write_down(conn: Connection, action: str, user: User, browser: Browser) -> None:
    """Put into the audit what somebody does before it is known who asks."""
    actor = Actor(
        user.name,
        user.display_name,
        frozenset(),
        None,
        "session",
        address=browser.address,
    )
    audit.add(conn, actor, Deed(action=action, target=f"/users/{user.name}"))


def offer_setup(database: Database, lasts: timedelta) -> str | None:
    """Make the token of the set-up link; None when there are accounts already."""
    token = secrets.token_urlsafe(_BYTES)
    with database.transaction() as conn:
        if users.exist(conn):
            return None
        logins.offer_setup(conn, digest(token), lasts)
    return token


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The first administrator to be."""

    name: str
    display_name: str
    password: str
    language: Language


def set_up(database: Database, token: str, first: First, browser: Browser) -> str:
    """Make the first administrator and begin their session; returns its token.

    Raises
    ------
    ForbiddenError
        The link has been used, or another one was printed since.
    InvalidRequestError
        Name or password is not acceptable.
    """
    code = "set_up_used"
    # First of all: to hash a password is dear, and anybody can ask for this.
    with database.transaction() as conn:
        if users.exist(conn) or not logins.is_offered(conn, digest(token)):
            raise ForbiddenError(code)
    name = account.checked_name(first.name)
    hashed = checked(name, first.password)
    profile = Profile(
        display_name=first.display_name, role=Role.ADMIN, language=first.language
    )
    with database.transaction() as conn:
        users.lock(conn)
        if users.exist(conn) or not logins.use_setup(conn, digest(token)):
            raise ForbiddenError(code)
        user = users.add(conn, name, profile, hashed)
        _write_down(conn, "set_up", user, browser)
        users.logged_in(conn, user.id)
        return _begin(conn, user.id, user, browser)


def checked(name: str, password: str, pointer: str = "/password") -> str:
    """Return the hash of an acceptable password; raises InvalidRequestError."""
    account.check_password(password, name, pointer)
    return passwords.hashed(password)


def change_password(database: Database, actor: Actor, current: str, new: str) -> int:
    """Set one's own password; other sessions end. Returns how many those were.

    Raises
    ------
    InvalidRequestError
        The current one is wrong, or the new one not acceptable.
    """
    try:
        account_id = verify(database, actor.name, current, actor.address)
    except UnauthenticatedError as error:
        code, message = "password_wrong", "this is not the current password"
        raise InvalidRequestError(code, message, "/current_password") from error
    hashed = checked(actor.name, new, "/new_password")
    with database.transaction() as conn:
        users.set_password(conn, actor.name, hashed)
        return sessions.end_all(conn, account_id, but=actor.session_id)


def change_self(
    conn: Connection, actor: Actor, display_name: str, mobile: str, language: Language
) -> User:
    """Change what people decide about their own account."""
    users.lock(conn)
    found = users.find(conn, actor.name)
    profile = replace(
        profile_of(found), display_name=display_name, mobile=mobile, language=language
    )
    return users.change(conn, actor.name, profile)


def profile_of(user: User) -> Profile:
    """Return what is decided about an account."""
    return Profile(
        display_name=user.display_name,
        role=user.role,
        mobile=user.mobile,
        language=user.language,
        parks=user.parks,
        enabled=user.enabled,
    )


def issue_token(
    conn: Connection,
    actor: Actor,
    *,
    name: str,
    user: str | None,
    scopes: Sequence[str],
    expires_at: datetime,
    now: datetime,
) -> tuple[Token, str]:
    """Make an API token; returns it with its secret, which is stored nowhere.

    Raises
    ------
    InvalidRequestError
        It would expire too late, also later than the token that makes it, or already
        has; or nobody is named that it belongs to.
    NotFoundError
        There is no such user.
    """
    if not now < expires_at <= now + account.LONGEST_TOKEN:
        code, message = "token_expiry", "at most 400 days ahead"
        raise InvalidRequestError(code, message, "/expires_at")
    if actor.token_id and actor.until and expires_at > actor.until:
        code, message = (
            "token_outlives",
            f"{actor.until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )
        raise InvalidRequestError(code, message, "/expires_at")
    if user is None and not actor.name:
        code, message = "missing", "name the user that it belongs to"
        raise InvalidRequestError(code, message, "/user")
    owner = users.find(conn, account.normalised(user) if user else actor.name)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(_BYTES)
    token = sessions.add_token(
        conn,
        owner.id,
        digest(secret),
        name=name,
        hint=secret[:_HINT],
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        created_by=actor.name,
        parent=actor.token_id,
    )
    return token, secret
