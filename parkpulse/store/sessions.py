"""Sessions of the page and API tokens; of either only a hash is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import NotFoundError
from parkpulse.model.account import Role

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from parkpulse.model.account import Language
    from parkpulse.store.pool import Connection

_SESSION = "session"
_TOKEN = "token"  # noqa: S105 - a word


class Holder(NamedTuple):
    """Whose session or token it is."""

    account_id: int
    name: str
    display_name: str
    language: Language
    role: Role
    parks: Sequence[str] | None
    session_id: int | None
    token: str | None
    """Name of the API token."""
    scopes: Sequence[str] | None
    token_id: int | None
    expires_at: datetime
    """When the session or token is over."""


class Session(NamedTuple):
    """A session as its owner sees it."""

    id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


class Token(NamedTuple):
    """An API token without its secret."""

    id: int
    name: str
    user: str
    hint: str
    scopes: Sequence[str]
    created_at: datetime
    created_by: str
    expires_at: datetime
    seen_at: datetime | None
    revoked_at: datetime | None


def holder_of_session(
    conn: Connection, token_hash: bytes, idle: timedelta
) -> Holder | None:
    """Find whose session it is, and remember that it is used; None when it is over."""
    row = conn.execute(
        """
        with found as (
            select s.id, s.account_id, s.seen_at, s.expires_at from session s
            where s.token_hash = %(hash)s and s.expires_at > now()
                and s.seen_at > now() - %(idle)s
        ), seen as (
            update session set seen_at = now() from found
            where session.id = found.id and found.seen_at < now() - interval '1 min'
        )
        select a.id, a.name, a.display_name, a.language, a.role,
            case when not a.all_parks then (
                select coalesce(array_agg(p.code), '{}')
                from account_park l join park p on p.id = l.park_id
                where l.account_id = a.id
            ) end,
            found.id, null::text, null::text[], null::integer, found.expires_at
        from found join account a on a.id = found.account_id and a.enabled
        """,
        {"hash": token_hash, "idle": idle},
    ).fetchone()
    return None if row is None else Holder(*row)._replace(role=Role(row[4]))


def holder_of_token(conn: Connection, token_hash: bytes) -> Holder | None:
    """Find whose API token it is, and remember that it is used; None if worthless.

    It is worthless, too, as soon as the token is that made it.
    """
    row = conn.execute(
        """
        with recursive line as (
            select t.* from api_token t where t.token_hash = %(hash)s
            union all
            select t.* from api_token t join line on t.id = line.parent_id
        ), found as (
            select * from line
            where token_hash = %(hash)s and not exists (
                select from line l join account a on a.id = l.account_id
                where l.expires_at <= now() or l.revoked_at is not null
                    or not a.enabled
            )
        ), seen as (
            update api_token set seen_at = now() from found
            where api_token.id = found.id
                and (found.seen_at is null or found.seen_at < now() - interval '1 min')
        )
        select a.id, a.name, a.display_name, a.language, a.role,
            case when not a.all_parks then (
                select coalesce(array_agg(p.code), '{}')
                from account_park l join park p on p.id = l.park_id
                where l.account_id = a.id
            ) end,
            null::bigint, found.name, found.scopes, found.id, found.expires_at
        from found join account a on a.id = found.account_id and a.enabled
        """,
        {"hash": token_hash},
    ).fetchone()
    return None if row is None else Holder(*row)._replace(role=Role(row[4]))


def begin(
    conn: Connection,
    account_id: int,
    token_hash: bytes,
    lasts: timedelta,
    *,
    address: str,
    agent: str,
) -> None:
    """Begin a session, and forget those of everybody that are over."""
    conn.execute("delete from session where expires_at < now()")
    conn.execute(
        """
        insert into session (account_id, token_hash, expires_at, address, agent)
        values (%s, %s, now() + %s, %s, %s)
        """,
        [account_id, token_hash, lasts, address, agent],
    )


def of(conn: Connection, account_id: int, idle: timedelta) -> list[Session]:
    """Return open sessions of an account, last used first."""
    rows = conn.execute(
        """
        select id, created_at, seen_at, expires_at, address, agent from session
        where account_id = %s and expires_at > now() and seen_at > now() - %s
        order by seen_at desc, id desc
        """,
        [account_id, idle],
    )
    return [Session(*row) for row in rows]


def end(conn: Connection, account_id: int, session_id: int) -> None:
    """End one session of an account; raises NotFoundError."""
    row = conn.execute(
        "delete from session where account_id = %s and id = %s returning id",
        [account_id, session_id],
    ).fetchone()
    if row is None:
        raise NotFoundError(_SESSION, str(session_id))


def end_all(conn: Connection, account_id: int, but: int | None = None) -> int:
    """End all sessions of an account but one; return how many."""
    rows = conn.execute(
        """
        delete from session where account_id = %s and id is distinct from %s
        returning id
        """,
        [account_id, but],
    )
    return len(rows.fetchall())


def tokens(conn: Connection) -> list[Token]:
    """All API tokens, newest first."""
    rows = conn.execute(
        """
        select t.id, t.name, a.name, t.hint, t.scopes, t.created_at, t.created_by,
            t.expires_at, t.seen_at, t.revoked_at
        from api_token t join account a on a.id = t.account_id
        order by t.id desc
        """
    )
    return [Token(*row) for row in rows]


def find_token(conn: Connection, token_id: int) -> Token:
    """Return one API token; raises NotFoundError."""
    for each in tokens(conn):
        if each.id == token_id:
            return each
    raise NotFoundError(_TOKEN, str(token_id))


def add_token(
    conn: Connection,
    account_id: int,
    token_hash: bytes,
    *,
    name: str,
    hint: str,
    scopes: Sequence[str],
    expires_at: datetime,
    created_by: str,
    parent: int | None,
) -> Token:
    """Add an API token; `parent` is the id of the token that makes it."""
    row = conn.execute(
        """
        insert into api_token (account_id, name, token_hash, hint, scopes, expires_at,
            created_by, parent_id)
        values (%s, %s, %s, %s, %s, %s, %s, %s) returning id
        """,
        [
            account_id,
            name,
            token_hash,
            hint,
            list(scopes),
            expires_at,
            created_by,
            parent,
        ],
    ).fetchone()
    return find_token(conn, row[0] if row else 0)


def revoke_token(conn: Connection, token_id: int) -> Token:
    """Make a token, and all that were made by it, worthless at once.

    They stay in the list. Raises NotFoundError.
    """
    conn.execute(
        """
        with recursive line as (
            select id from api_token where id = %s
            union all
            select t.id from api_token t join line on t.parent_id = line.id
        )
        update api_token set revoked_at = coalesce(revoked_at, now())
        where id in (select id from line)
        """,
        [token_id],
    )
    return find_token(conn, token_id)
