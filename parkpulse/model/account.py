"""Accounts: roles, rights, the parks that somebody may see, names and passwords."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING, Literal

from parkpulse.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

Language = Literal["en", "zh"]
Way = Literal["open", "session", "token", "command", "link"]
"""How somebody came in: `open` without any account, as long as there is none; `link` by
the signed link of a message, which says nothing about who follows it."""


class Role(StrEnum):
    """What a person is here for; each may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MANAGER = "manager"
    ADMIN = "admin"


class Right(StrEnum):
    """One thing that may be allowed."""

    READ = "read"
    OWN = "own"
    """One's own account; only who has logged in."""
    ACKNOWLEDGE = "acknowledge"
    """Acknowledge, shelve, assign, comment on alerts; checklists and commands."""
    MAINTAIN = "maintain"
    """Maintenance windows, silences, suppressions."""
    TRAIN = "train"
    """Start simulated parks."""
    EDIT_RULES = "edit_rules"
    EDIT_DUTY = "edit_duty"
    EDIT_TARGETS = "edit_targets"
    EDIT_CERTIFICATES = "edit_certificates"
    REPORT = "report"
    WRITE_READINGS = "write_readings"
    """Send readings over HTTP."""
    SEE_CHANNELS = "see_channels"
    CHANNELS = "channels"
    USERS = "users"
    TOKENS = "tokens"
    AUDIT = "audit"
    REGISTRY = "registry"
    QUARANTINE = "quarantine"
    """Replay and discard what is in quarantine."""
    SYSTEM = "system"


_VIEWER = frozenset({Right.READ, Right.OWN})
_OPERATOR = _VIEWER | {Right.ACKNOWLEDGE, Right.MAINTAIN, Right.TRAIN}
_MANAGER = _OPERATOR | {
    Right.EDIT_RULES,
    Right.EDIT_DUTY,
    Right.EDIT_TARGETS,
    Right.EDIT_CERTIFICATES,
    Right.REPORT,
    Right.WRITE_READINGS,
    Right.SEE_CHANNELS,
}
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _OPERATOR,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: frozenset(Right),
}
"""Rights by role."""
EVERYWHERE = frozenset({Right.TRAIN}) | (RIGHTS[Role.ADMIN] - _MANAGER)
"""Rights that reach beyond any park: nobody who is limited to parks has them."""
_WITH = {each: frozenset({Right.READ, each}) for each in Right}
_WITH[Right.CHANNELS] |= {Right.SEE_CHANNELS}
SCOPES: dict[str, frozenset[Right]] = {
    "read": frozenset({Right.READ, Right.SEE_CHANNELS}),
    "write": _MANAGER - {Right.OWN},
    "admin": frozenset(Right) - {Right.OWN},
    **{each.value: _WITH[each] for each in Right if each is not Right.READ},
}
"""Rights by scope of an API token: three groups, and every right by its own name."""
TOKEN_SCOPES = tuple(name for name in SCOPES if name != Right.OWN)

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
LONGEST_NAME = 64
IDLE = timedelta(hours=12)
"""A session that is not used for so long is over."""
ABSOLUTE = timedelta(days=14)
"""A session is over after so long, however much it is used."""
LONGEST_TOKEN = timedelta(days=400)
"""An API token expires at the latest after so long."""
_FREE_FAILURES = {"account": 5, "address": 20}
_LONGEST_WAIT = {"account": timedelta(minutes=5), "address": timedelta(minutes=15)}
FORGOTTEN_AFTER = timedelta(hours=1)
"""Failed logins are forgotten after so long without another."""
_TELLING = 3  # shorter names are in many passwords by chance
_FORBIDDEN_IN_NAMES = frozenset(' /:\\"<>')
_WORST = frozenset(
    resources.files("parkpulse.model").joinpath("passwords.txt").read_text().split()
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks for something."""

    name: str
    """Name that one logs in with; empty as long as there are no accounts."""
    display_name: str
    rights: frozenset[Right]
    parks: frozenset[str] | None
    """Codes of the parks that they may see; None for all."""
    way: Way
    role: Role = Role.ADMIN
    language: Language = "zh"
    account_id: int | None = None
    session_id: int | None = None
    token: str | None = None
    """Name of the API token that they came in by."""
    token_id: int | None = None
    until: datetime | None = None
    """When the session or API token that they came in by is over."""
    address: str = field(default="", compare=False)

    def sees(self, park: str | None) -> bool:
        """Whether they may see a park; None stands for what belongs to no park."""
        return self.parks is None or park is None or park in self.parks


EVERYBODY = Actor("", "", frozenset(Right) - {Right.OWN}, None, "open")
"""Who asks as long as there are no accounts."""
NOBODY = Actor("", "", frozenset(), frozenset(), "open")
"""Who asks where no login is needed."""


def rights_of(
    role: Role, *, is_limited: bool, scopes: Iterable[str] | None = None
) -> frozenset[Right]:
    """Tell what somebody may do.

    Parameters
    ----------
    role
        Of the account.
    is_limited
        Whether the account is limited to parks.
    scopes
        Of the API token that was used; None: they have logged in.
    """
    rights = RIGHTS[role] - (EVERYWHERE if is_limited else frozenset())
    if scopes is None:
        return rights
    return rights & scoped(scopes) - {Right.OWN}


def scoped(scopes: Iterable[str]) -> frozenset[Right]:
    """Tell what an API token of these scopes may do for somebody who may do it."""
    none: frozenset[Right] = frozenset()
    return none.union(*(SCOPES[each] for each in scopes))


def least_role(right: Right) -> Role:
    """Return the first role that has a right."""
    return next(role for role in Role if right in RIGHTS[role])


def wait_after(kind: Literal["account", "address"], failures: int) -> timedelta:
    """How long nobody is let in after so many failed logins in a row.

    The first few are free; then it doubles from a second up to a limit, so that nobody
    can shut somebody else out for long.
    """
    beyond = failures - _FREE_FAILURES[kind]
    if beyond < 0:
        return timedelta()
    return min(timedelta(seconds=2.0 ** min(beyond, 20)), _LONGEST_WAIT[kind])


def normalised(name: str) -> str:
    """Return a login name as it is stored and compared."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def checked_name(name: str, pointer: str = "/name") -> str:
    """Return a login name that may be used; raises InvalidRequestError."""
    found = normalised(name)
    is_plain = found.isprintable() and not _FORBIDDEN_IN_NAMES & set(found)
    if not is_plain or not 1 <= len(found) <= LONGEST_NAME:
        code, message = "bad_characters", "a login name has letters, digits and . _ - @"
        raise InvalidRequestError(code, message, pointer)
    return found


def check_password(password: str, name: str, pointer: str = "/password") -> None:
    """Make sure that a password is not too easily guessed.

    Raises
    ------
    InvalidRequestError
        With the code of the reason.
    """
    code = _weakness(password, normalised(name))
    if code:
        message = f"the password is not acceptable: {code}"
        raise InvalidRequestError(code, message, pointer)


def _weakness(password: str, name: str) -> str:
    plain = normalised(password)
    if len(password) < SHORTEST_PASSWORD:
        return "password_short"
    if len(password) > LONGEST_PASSWORD:
        return "password_long"
    if len(name) >= _TELLING and (name in plain or name[::-1] in plain):
        return "password_is_name"
    return "password_common" if plain in _WORST or len(set(plain)) < 3 else ""  # noqa: PLR2004 - aaaa, abab
