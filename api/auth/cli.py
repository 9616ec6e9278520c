"""`parkpulse users`: accounts from the command line."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from api.auth import desk, passwords
from parkpulse import settings
from parkpulse.errors import ConfigError, ConflictError, InvalidRequestError
from parkpulse.model import account
from parkpulse.model.account import Role
from parkpulse.store import audit, commandline, deeds, sessions
from parkpulse.store import users as store
from parkpulse.store.audit import Deed
from parkpulse.store.users import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.store.pool import Connection
    from parkpulse.store.users import User

_REASONS = {
    "password_short": "the password has fewer than 10 characters",
    "password_long": "the password has more than 200 characters",
    "password_is_name": "the password contains the name",
    "password_common": "the password is among those that are tried first",
    "first_is_admin": "the first user must be an administrator: add --role admin",
    "last_admin": "nobody would be left to administrate",
    "admin_everywhere": "an administrator is not limited to parks",
    "bad_characters": "the name has characters that a login name may not have",
}
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_name = click.argument("name")
_role = click.Choice([each.value for each in Role])


@contextlib.contextmanager
def _changing() -> Iterator[Connection]:
    """Open a transaction whose refusals are one sentence."""
    url = settings.load().required_database_url()
    try:
        with commandline.transaction(url, name="parkpulse users") as conn:
            yield conn
    except InvalidRequestError as error:
        raise ConfigError(_REASONS.get(error.code, str(error))) from error


def _record(
    conn: Connection, action: str, name: str, before: object, after: object
) -> None:
    deed = Deed(action=action, target=f"/users/{name}", before=before, after=after)
    audit.add(conn, deeds.actor(), deed)


def _password(name: str) -> str:
    """Read a password from the terminal or standard input, and hash it."""
    if sys.stdin.isatty():
        given = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    account.check_password(given, name)
    return passwords.hashed(given)


def _shown(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "display_name": user.display_name,
        "role": user.role.value,
        "parks": user.parks,
        "enabled": user.enabled,
        "last_login_at": user.last_login_at and user.last_login_at.isoformat(),
    }


@click.group()
def users() -> None:
    """People who may log in; passwords come from the prompt or standard input."""


@users.command("list")
@_json_option
def list_users(*, as_json: bool) -> None:
    """Print all users."""
    with _changing() as conn:
        found = [_shown(each) for each in store.listed(conn)]
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        parks = "all parks" if each["parks"] is None else ",".join(each["parks"])
        state = "" if each["enabled"] else "  (disabled)"
        print(f"{each['name']}  {each['role']}  {parks}  {each['display_name']}{state}")
    if not found:
        print("There is no user yet: 'users add NAME --role admin'.", file=sys.stderr)


@users.command("add")
@_name
@click.option("--role", type=_role, required=True)
@click.option("--display-name", help="What people call them; else the name.")
@click.option("--mobile", default="", help="Mobile number, for messages.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh")
@click.option("--park", "parks", multiple=True, help="Only this park; repeatable.")
def add(
    name: str,
    role: str,
    display_name: str | None,
    mobile: str,
    language: account.Language,
    parks: tuple[str, ...],
) -> None:
    """Add a user."""
    profile = Profile(
        display_name=display_name or name,
        role=Role(role),
        mobile=mobile,
        language=language,
        parks=list(parks) or None,
    )
    with _changing() as conn:
        known = account.checked_name(name)
        hashed = _password(known)
        try:
            made = store.add(conn, known, profile, hashed)
        except ConflictError as error:
            raise ConfigError(str(error)) from error
        _record(conn, "add_user", known, None, _shown(made))
    print(f"User {known} is added.")


@users.command("passwd")
@_name
def passwd(name: str) -> None:
    """Set a user's password; all their sessions end."""
    known = account.normalised(name)
    with _changing() as conn:
        found = store.find(conn, known)
        store.set_password(conn, known, _password(known))
        ended = sessions.end_all(conn, found.id)
        desk.unblock(conn, known)
        _record(conn, "reset_password", known, None, None)
    print(f"The password of {known} is set; {ended} sessions ended.")


@users.command("disable")
@_name
@click.option("--undo", is_flag=True, help="Let them in again.")
def disable(name: str, *, undo: bool) -> None:
    """Let a user in no more; all their sessions and tokens are worthless at once."""
    _change(name, enabled=undo)


@users.command("role")
@_name
@click.argument("role", type=_role)
@click.option("--park", "parks", multiple=True, help="Only this park; repeatable.")
def role(name: str, role: str, parks: tuple[str, ...]) -> None:
    """Give a user another role; without --park for all parks."""
    _change(name, role=Role(role), parks=list(parks) or None)


def _change(name: str, **changes: Any) -> None:  # noqa: ANN401 - fields of a Profile
    known = account.normalised(name)
    with _changing() as conn:
        before = store.find(conn, known)
        after = store.change(conn, known, replace(desk.profile_of(before), **changes))
        _record(conn, "change_user", known, _shown(before), _shown(after))
    print(f"User {known} is changed.")


@users.command("sessions")
@_name
@click.option("--end", is_flag=True, help="Log them out everywhere.")
@_json_option
def list_sessions(name: str, *, end: bool, as_json: bool) -> None:
    """Print where a user has logged in."""
    known = account.normalised(name)
    with _changing() as conn:
        user = store.find(conn, known)
        if end:
            ended = sessions.end_all(conn, user.id)
            _record(conn, "end_sessions", known, None, {"ended": ended})
        found = sessions.of(conn, user.id, account.IDLE)
    shown = [
        {
            "id": each.id,
            "created_at": each.created_at.isoformat(),
            "seen_at": each.seen_at.isoformat(),
            "address": each.address,
            "agent": each.agent,
        }
        for each in found
    ]
    if as_json:
        print(json.dumps(shown))
        return
    for session in shown:
        print("  ".join(map(str, session.values())))
