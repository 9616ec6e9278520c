"""The audit's part in the command line: a command that changes something says so."""

from __future__ import annotations

import getpass
import math
from typing import TYPE_CHECKING

import click

from parkpulse.model.account import Actor
from parkpulse.store import audit
from parkpulse.store.audit import Deed

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

HIDDEN = "***"
_SECRET = ("password", "secret", "token", "key", "url")
_LONGEST = 1000


def actor() -> Actor:
    """Tell who gives commands: the account of the operating system."""
    try:
        name = f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        name = "cli:"
    return Actor(name, name, frozenset(), None, "command")


class Once:
    """Writes a command of several transactions down with the first that changes."""

    def __init__(self) -> None:
        self._is_noted = False

    def __call__(self, conn: Connection) -> None:
        """Look at one transaction before its commit."""
        self._is_noted = self._is_noted or note(conn)


def note(conn: Connection) -> bool:
    """Write down the present command if its transaction has changed anything.

    Parameters
    ----------
    conn
        Of the change itself: both are committed, or none. Nothing is written when the
        command has written down more by itself.

    Returns
    -------
    bool
        Whether it was written down.
    """
    context = click.get_current_context(silent=True)
    if context is None or not _has_changed(conn):
        return False
    words = context.command_path.split()[1:] or [context.command_path]
    given = {name: _shown(name, value) for name, value in context.params.items()}
    given = {name: value for name, value in given.items() if value is not None}
    park = given.get("park")
    deed = Deed(
        action="_".join(words).replace("-", "_"),
        target="/" + "/".join(words),
        park=park if isinstance(park, str) else None,
        after=given,
    )
    audit.add(conn, actor(), deed)
    return True


def _has_changed(conn: Connection) -> bool:
    # A database that is not migrated yet has no audit to ask.
    row = conn.execute(
        "select pg_current_xact_id_if_assigned() is not null"
        " and to_regclass('audit') is not null"
    ).fetchone()
    if row is None or not row[0]:
        return False
    noted = conn.execute(
        """
        select exists (
            select from audit where way = 'command' and at >= now()
                and xmin = pg_current_xact_id_if_assigned()::xid)
        """
    ).fetchone()
    return noted is not None and not noted[0]


def _shown(name: str, value: object) -> object:
    """Return what stands in the audit for an option or argument."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)  # as JSON has it
    if name in _SECRET or name.endswith(tuple(f"_{each}" for each in _SECRET)):
        return HIDDEN
    if isinstance(value, list | tuple):
        return [_shown(name, each) for each in value]
    text = str(getattr(value, "name", value))
    return text.replace("\0", "").encode(errors="replace").decode()[:_LONGEST]
