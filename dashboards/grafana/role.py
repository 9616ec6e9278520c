"""Who may make the role that dashboards read with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit

from parkpulse.errors import ConfigError, StoreError
from parkpulse.store import commandline, reader

if TYPE_CHECKING:
    from pathlib import Path

Outcome = Literal["made", "renewed", "kept"]
"""Of the role: new, its password set again, or both left to its administrator."""
_SUPERUSER = "postgres"
_NAME = "parkpulse grafana role"


def administrator(
    own_url: str, given: str | None, private_password: Path | None
) -> str:
    """Return the address by which roles can be made.

    Parameters
    ----------
    own_url
        Address of the database by our own role.
    given
        Address that the user has set for this.
    private_password
        File of the private server's superuser; None where the server is another.
    """
    if given is not None:
        return given
    if private_password is None or not private_password.is_file():
        return own_url
    password = quote(private_password.read_text().strip(), safe="")
    parts = urlsplit(own_url)
    host = f"{parts.hostname}:{parts.port}"
    return f"postgresql://{_SUPERUSER}:{password}@{host}{parts.path}"


def put_in_place(own_url: str, admin_url: str, name: str, password: str) -> Outcome:
    """Make the role, or set its password, and let it read.

    A role that an administrator has made keeps its password where we may not set it.

    Raises
    ------
    ConfigError
        Nobody here may make roles, the schema is an older one, or the server does not
        answer.
    """
    try:
        outcome: Outcome = "made" if _made(admin_url, name, password) else "renewed"
    except StoreError as error:
        if not _exists(own_url, name):
            message = (
                "this database role may not make others: set"
                " PARKPULSE_ADMIN_DATABASE_URL to one that may, or let an administrator"
                " run what 'parkpulse grafana role --sql' prints"
            )
            raise ConfigError(message) from error
        outcome = "kept"
    _grant(own_url, name)
    return outcome


def _made(admin_url: str, name: str, password: str) -> bool:
    with commandline.transaction(admin_url, name=_NAME) as admin:
        return reader.make(admin, name, password)


def _exists(own_url: str, name: str) -> bool:
    with commandline.transaction(own_url, name=_NAME) as own:
        return reader.exists(own, name)


def _grant(own_url: str, name: str) -> None:
    try:
        with commandline.transaction(own_url, name=_NAME) as own:
            reader.grant(own, name)
    except StoreError as error:
        message = (
            "the database has no views for dashboards, or they belong to another role:"
            " run 'parkpulse db migrate' first"
        )
        raise ConfigError(message) from error
