"""Failed logins, and the one-time token that makes the first account."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from parkpulse.store.pool import Connection


def try_once(
    conn: Connection,
    key: bytes,
    wait: Callable[[int], timedelta],
    forgotten_after: timedelta,
) -> float:
    """Count an attempt as failed until `succeeded`; return how long to wait. [s].

    An attempt within the waiting time is refused and does not count, so that nobody
    is shut out for longer by somebody who goes on trying.
    """
    conn.execute(
        """
        insert into login_failure (key, failures, at, blocked_until)
        values (%s, 0, now(), '-infinity') on conflict (key) do nothing
        """,
        [key],
    )
    row = conn.execute(
        """
        select case when at < now() - %s then 0 else failures end,
            extract(epoch from blocked_until - now())::float8
        from login_failure where key = %s for update
        """,
        [forgotten_after, key],
    ).fetchone()
    failures, blocked_s = row or (0, 0.0)
    if blocked_s > 0:
        return float(blocked_s)
    conn.execute(
        """
        update login_failure set failures = %s, at = now(), blocked_until = now() + %s
        where key = %s
        """,
        [failures + 1, wait(failures + 1), key],
    )
    return 0.0


def succeeded(
    conn: Connection, account: bytes, address: bytes, older_than: timedelta
) -> None:
    """Forget an account's failures, this one of an address, and all that are old."""
    conn.execute(
        "delete from login_failure where key = %s or at < now() - %s",
        [account, older_than],
    )
    conn.execute(
        """
        update login_failure set failures = failures - 1, blocked_until = '-infinity'
        where key = %s
        """,
        [address],
    )


def offer_setup(conn: Connection, token_hash: bytes, lasts: timedelta) -> None:
    """Let whoever has this token, and nobody with an older one, make an account."""
    conn.execute("delete from setup_token")
    conn.execute(
        "insert into setup_token (token_hash, expires_at) values (%s, now() + %s)",
        [token_hash, lasts],
    )


def is_offered(conn: Connection, token_hash: bytes) -> bool:
    """Whether this is the token of the set-up, and not too old."""
    row = conn.execute(
        "select 1 from setup_token where token_hash = %s and expires_at > now()",
        [token_hash],
    ).fetchone()
    return row is not None


def use_setup(conn: Connection, token_hash: bytes) -> bool:
    """Use the token up; False when it is not that one, or too old."""
    row = conn.execute(
        """
        delete from setup_token where token_hash = %s and expires_at > now()
        returning 1
        """,
        [token_hash],
    ).fetchone()
    return row is not None
