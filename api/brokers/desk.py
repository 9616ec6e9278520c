"""Decides what a broker asks: by the credentials, read anew each time."""

from __future__ import annotations

import contextlib
import hmac
import logging
import threading
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from api.push.limits import Budget
from parkpulse.model import credentials
from parkpulse.store import credentials as store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.store.pool import Database

AT_ONCE = 20
"""Questions that are answered at the same time."""
# A device asks when it connects; more often only who tries passwords.
_TRIES_PER_SECOND, _TRIES = 2.0, 20.0
_STRANGERS_PER_SECOND, _STRANGERS = 1.0, 20.0
_ANY = ("strangers", "")
_log = logging.getLogger(__name__)

_Text = Annotated[str, msgspec.Meta(max_length=1024)]
Verdict = Literal["allow", "deny"]


class Login(msgspec.Struct):
    """A client that connects, as EMQX asks; other fields are ignored."""

    username: _Text | None = None
    password: _Text | None = None
    clientid: _Text = ""


class Wish(msgspec.Struct):
    """What a client wants to do."""

    username: _Text | None
    topic: Annotated[str, msgspec.Meta(max_length=65535)]
    action: Literal["publish", "subscribe"]


class BusyError(Exception):
    """Too many ask at once."""


class Desk:
    """Answers a broker that shows its token.

    Parameters
    ----------
    database
        Has the credentials; read for each answer, so that whoever is revoked is out at
        once.
    token
        What the broker shows; None: no broker may ask.
    """

    def __init__(self, database: Database, token: str | None) -> None:
        self._database = database
        self._token = token
        self._tries = Budget(_TRIES_PER_SECOND, _TRIES)
        self._strangers = Budget(_STRANGERS_PER_SECOND, _STRANGERS)
        self._places = threading.BoundedSemaphore(AT_ONCE)

    @property
    def is_open(self) -> bool:
        """Whether a broker may ask at all."""
        return self._token is not None

    def knows(self, shown: str) -> bool:
        """Whether this is the broker's token."""
        wanted = (self._token or "").encode()
        return bool(wanted) and hmac.compare_digest(shown.encode(), wanted)

    def suffers(self) -> bool:
        """Whether one more who shows a wrong token is to be told so."""
        return self._strangers.take(_ANY)

    def admits(self, login: Login) -> Verdict:
        """Whether a client may connect.

        Raises
        ------
        BusyError
            Too many ask at once.
        StoreUnavailableError
            The database cannot be asked.
        """
        found = self._find(login.username)
        # Only known names are counted: strangers must not fill the memory.
        if found is None or not self._tries.take((found.username, "")):
            return _denied("login", login.username)
        if not credentials.may_be(login.clientid, found):
            return _denied("client id", login.username)
        if not credentials.fits(login.password or "", found.secret_hash):
            return _denied("password", login.username)
        return "allow"

    def permits(self, wish: Wish) -> Verdict:
        """Whether a client may publish or subscribe.

        Raises
        ------
        BusyError
            Too many ask at once.
        StoreUnavailableError
            The database cannot be asked.
        """
        found = self._find(wish.username)
        if found is None:
            return _denied(wish.action, wish.username)
        granted = credentials.grants(found)
        if not credentials.allows(granted, wish.action, wish.topic):
            return _denied(f"{wish.action} {wish.topic!r:.200}", wish.username)
        return "allow"

    def _find(self, username: str | None) -> credentials.Credential | None:
        if not username:
            return None
        with self._place(), self._database.transaction() as conn:
            return store.find(conn, username)

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise BusyError
        try:
            yield
        finally:
            self._places.release()


def _denied(what: str, username: str | None) -> Verdict:
    _log.info("denied to user=%.200r: %s", username, what)
    return "deny"
