"""Who stands behind a cookie or a token; found once in a few seconds."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, NamedTuple

from fastapi import Depends, Request

from parkpulse.errors import StoreUnavailableError
from parkpulse.model import account
from parkpulse.model.account import EVERYBODY, Actor
from parkpulse.store import sessions, users

if TYPE_CHECKING:
    from parkpulse.store.pool import Database
    from parkpulse.store.sessions import Holder

TOKEN_PREFIX = "pp_"  # noqa: S105 - no secret
LASTS_S = 3.0
"""So long what was found is used again: the longest time until a change made by
another process is noticed. [s]"""
_STALE_S = 60.0
"""So long it is used when the database is away. [s]"""
_REMEMBERED = 10_000


class _Known(NamedTuple):
    actor: Actor | None
    until_s: float


def digest(token: str) -> bytes:
    """Hash a random token, which is too long to be guessed."""
    return sha256(token.encode(errors="replace")).digest()


def actor(holder: Holder) -> Actor:
    """Tell what the holder of a session or a token may do."""
    return Actor(
        name=holder.name,
        display_name=holder.display_name,
        rights=account.rights_of(
            holder.role, is_limited=holder.parks is not None, scopes=holder.scopes
        ),
        parks=None if holder.parks is None else frozenset(holder.parks),
        way="session" if holder.scopes is None else "token",
        role=holder.role,
        language=holder.language,
        account_id=holder.account_id,
        session_id=holder.session_id,
        token=holder.token,
        token_id=holder.token_id,
        until=holder.expires_at,
    )


class Accounts:
    """Finds accounts and remembers them for a few seconds.

    Parameters
    ----------
    database
        Has them.
    is_local
        Whether only those at this machine can reach the service, who may do everything
        as long as there are no accounts.
    public_url
        Address of the page if it is not this machine's own.
    """

    def __init__(
        self,
        database: Database,
        *,
        is_local: bool = True,
        public_url: str | None = None,
    ) -> None:
        self._database = database
        self.is_local = is_local
        self.public_url = public_url
        self._known: dict[bytes, _Known] = {}
        self._exist: _Known | None = None
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Look anew at the next request: something about accounts has changed."""
        with self._lock:
            self._known.clear()
            self._exist = None

    def remembered(self, token: str) -> _Known | None:
        """Return what is known of a token (empty: of nobody), if that is fresh."""
        found = self._exist if not token else self._known.get(digest(token))
        return found if found and found.until_s > time.monotonic() else None

    def find(self, token: str) -> Actor | None:
        """Return who has this token; None when it is worthless.

        Raises
        ------
        StoreUnavailableError
            The database cannot be asked.
        """
        key = digest(token)
        try:
            with self._database.transaction() as conn:
                if token.startswith(TOKEN_PREFIX):
                    holder = sessions.holder_of_token(conn, key)
                else:
                    holder = sessions.holder_of_session(conn, key, account.IDLE)
        except StoreUnavailableError:
            return _usable(self._known.get(key)).actor
        known = _Known(actor(holder) if holder else None, time.monotonic() + LASTS_S)
        with self._lock:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = known
        return known.actor

    def nobody(self) -> Actor | None:
        """Return who asks without cookie or token; None: they must log in first.

        Raises
        ------
        StoreUnavailableError
            The database cannot be asked.
        """
        try:
            with self._database.transaction() as conn:
                are_there = users.exist(conn)
        except StoreUnavailableError:
            return _usable(self._exist).actor
        # Accounts are switched off, never removed.
        until = float("inf") if are_there else time.monotonic() + LASTS_S
        self._exist = _Known(None if are_there else EVERYBODY, until)
        return self._exist.actor

    def is_set_up(self) -> bool:
        """Whether there is an account; raises StoreUnavailableError."""
        known = self.remembered("")
        return (known.actor if known else self.nobody()) is None

    def identify(self, token: str, address: str) -> Actor | None:
        """Return who asks; None: nobody that may.

        Raises
        ------
        StoreUnavailableError
            The database cannot be asked.
        """
        known = self.remembered(token)
        if known is None:
            found = self.find(token) if token else self.nobody()
        else:
            found = known.actor
        if found is None and token and not self.is_set_up():
            # A cookie of another time, when there were accounts.
            found = self.nobody()
        return replace(found, address=address) if found else None


def _usable(known: _Known | None) -> _Known:
    if known is None or known.until_s + _STALE_S < time.monotonic():
        raise StoreUnavailableError
    return known


async def _of_request(request: Request) -> Accounts:
    accounts: Accounts = request.app.state.accounts
    return accounts


Known = Annotated[Accounts, Depends(_of_request)]
"""Parameter of a handler that has to do with accounts."""
