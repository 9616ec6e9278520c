"""Accounts of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import ConflictError, InvalidRequestError, NotFoundError
from parkpulse.model.account import Role

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.model.account import Language
    from parkpulse.store.pool import Connection

_KIND = "user"
_PARK = "park"
_LOCK = 7_275_717_006  # any constant: changes of accounts take turns


class User(NamedTuple):
    """An account, without what it logs in with."""

    id: int
    name: str
    display_name: str
    mobile: str
    language: Language
    role: Role
    parks: Sequence[str] | None
    """Codes of the parks that it is limited to; None for all."""
    enabled: bool
    created_at: datetime
    password_at: datetime
    last_login_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is decided about an account."""

    display_name: str
    role: Role
    mobile: str = ""
    language: Language = "zh"
    parks: Sequence[str] | None = None
    enabled: bool = True


def exist(conn: Connection) -> bool:
    """Whether there is any account."""
    return conn.execute("select 1 from account limit 1").fetchone() is not None


def listed(conn: Connection) -> list[User]:
    """All accounts by name."""
    rows = conn.execute(
        """
        select a.id, a.name, a.display_name, a.mobile, a.language, a.role,
            case when not a.all_parks then (
                select coalesce(array_agg(p.code order by p.code collate "C"), '{}')
                from account_park l join park p on p.id = l.park_id
                where l.account_id = a.id
            ) end,
            a.enabled, a.created_at, a.password_at, a.last_login_at, a.version
        from account a order by a.name
        """
    )
    return [User(*row)._replace(role=Role(row[5])) for row in rows]


def find(conn: Connection, name: str) -> User:
    """Return the account of this (normalised) name; raises NotFoundError."""
    for user in listed(conn):
        if user.name == name:
            return user
    raise NotFoundError(_KIND, name)


def password_hash(conn: Connection, name: str) -> tuple[int, str, bool] | None:
    """Return id, hash of the password and whether enabled; None without account."""
    row = conn.execute(
        "select id, password_hash, enabled from account where name = %s", [name]
    ).fetchone()
    return None if row is None else (row[0], row[1], row[2])


def lock(conn: Connection) -> None:
    """Let nobody else change accounts until the end of the transaction."""
    conn.execute("select pg_advisory_xact_lock(%s)", [_LOCK])


def add(conn: Connection, name: str, profile: Profile, hashed: str) -> User:
    """Add an account.

    Raises
    ------
    ConflictError
        There is one of this name.
    InvalidRequestError
        It would be the first one, and no administrator; or an administrator for some
        parks only.
    NotFoundError
        There is no such park.
    """
    lock(conn)
    if profile.role is not Role.ADMIN and not exist(conn):
        _refuse("first_is_admin", "the first account must be an administrator")
    _check_reach(profile)
    row = conn.execute(
        """
        insert into account (name, display_name, mobile, language, role, all_parks,
            enabled, password_hash)
        values (%s, %s, %s, %s, %s, %s, %s, %s)
        on conflict (name) do nothing returning id
        """,
        [
            name,
            profile.display_name,
            profile.mobile,
            profile.language,
            profile.role.value,
            profile.parks is None,
            profile.enabled,
            hashed,
        ],
    ).fetchone()
    if row is None:
        message = f"there is a user {name!r} already"
        raise ConflictError(message)
    _limit(conn, row[0], profile.parks)
    return find(conn, name)


def change(
    conn: Connection, name: str, profile: Profile, version: int | None = None
) -> User:
    """Change an account; who is switched off loses all sessions.

    Raises
    ------
    ConflictError
        It is not this version any more.
    InvalidRequestError
        Nobody would be left to administrate.
    NotFoundError
        There is no such account or park.
    """
    lock(conn)
    before = find(conn, name)
    if version is not None and version != before.version:
        raise ConflictError
    _check_reach(profile)
    conn.execute(
        """
        update account set display_name = %s, mobile = %s, language = %s, role = %s,
            all_parks = %s, enabled = %s, version = version + 1
        where id = %s
        """,
        [
            profile.display_name,
            profile.mobile,
            profile.language,
            profile.role.value,
            profile.parks is None,
            profile.enabled,
            before.id,
        ],
    )
    conn.execute("delete from account_park where account_id = %s", [before.id])
    _limit(conn, before.id, profile.parks)
    if not profile.enabled:
        conn.execute("delete from session where account_id = %s", [before.id])
    if not any(each.enabled and each.role is Role.ADMIN for each in listed(conn)):
        _refuse("last_admin", "nobody would be left to administrate")
    return find(conn, name)


def set_password(conn: Connection, name: str, hashed: str) -> None:
    """Set a new password; raises NotFoundError."""
    row = conn.execute(
        """
        update account set password_hash = %s, password_at = now(),
            version = version + 1
        where name = %s returning id
        """,
        [hashed, name],
    ).fetchone()
    if row is None:
        raise NotFoundError(_KIND, name)


def rehash(conn: Connection, account_id: int, old: str, new: str) -> None:
    """Keep the same password hashed with newer parameters."""
    conn.execute(
        "update account set password_hash = %s where id = %s and password_hash = %s",
        [new, account_id, old],
    )


def logged_in(conn: Connection, account_id: int) -> None:
    """Remember when somebody logged in."""
    conn.execute("update account set last_login_at = now() where id = %s", [account_id])


def _check_reach(profile: Profile) -> None:
    if profile.role is Role.ADMIN and profile.parks is not None:
        _refuse("admin_everywhere", "an administrator is not limited to parks", "parks")


def _refuse(code: str, message: str, name: str = "role") -> None:
    raise InvalidRequestError(code, message, f"/{name}")


def _limit(conn: Connection, account_id: int, parks: Sequence[str] | None) -> None:
    for code in sorted(set(parks or ())):
        added = conn.execute(
            """
            insert into account_park (account_id, park_id)
            select %s, id from park where code = %s returning park_id
            """,
            [account_id, code],
        ).fetchone()
        if added is None:
            raise NotFoundError(_PARK, code)
