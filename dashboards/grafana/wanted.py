"""What shall be in a Grafana: data source, folders, dashboards, contact point."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import parse_qs, urlsplit

from dashboards.grafana import board, documents, sql
from dashboards.grafana.words import LANGUAGES
from parkpulse.errors import ConfigError
from parkpulse.store import reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboards.grafana.documents import Document
    from dashboards.grafana.remote import Json

CONTACT = "Parkpulse · 园区脉搏"
"""Name of the contact point."""
MESSAGE = "parkpulse grafana push"
"""What a version of a dashboard that is ours says, with its fingerprint."""
_PROVISIONED = "comes from a file of its server"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PORT = 5432
Action = Literal["create", "update", "same", "left"]


class Verdict(NamedTuple):
    """What is to be done with something, and why."""

    action: Action
    reason: str = ""


@dataclass(frozen=True)
class Wanted:
    """All of it.

    Parameters
    ----------
    source
        The data source without its password.
    password
        Of the role that reads; None if it is not known here.
    page
        Address of our page, for links.
    contact
        The contact point; None if nobody is to be told.
    """

    source: Json
    password: str | None = field(repr=False)
    page: str
    contact: Json | None = field(repr=False)


def source(database_url: str, seen_as: str | None, role: str = reader.ROLE) -> Json:
    """Describe the data source.

    Parameters
    ----------
    database_url
        PostgreSQL URL of our own processes.
    seen_as
        `host:port` under which Grafana reaches the server; None: the same as we.
    role
        Name of the role that reads.

    Raises
    ------
    ConfigError
        The address names no server.
    """
    parts = urlsplit(database_url)
    if not parts.hostname:
        message = "the database's address names no host: give --database HOST:PORT"
        raise ConfigError(message)
    default = "disable" if parts.hostname in _LOOPBACK else "require"
    mode = parse_qs(parts.query).get("sslmode", [default])[0]
    return {
        "uid": sql.UID,
        "name": "Parkpulse",
        "type": sql.KIND,
        "access": "proxy",
        "url": seen_as or f"{parts.hostname}:{parts.port or _PORT}",
        "user": role,
        "jsonData": {
            "database": parts.path.strip("/"),
            "sslmode": mode,
            "postgresVersion": 1500,
            "timescaledb": True,
            "maxOpenConns": 10,
        },
    }


def contact(emails: Sequence[str], webhook: str | None) -> Json | None:
    """Describe the contact point of Grafana's own alerts; e-mail goes first."""
    if emails:
        settings = {"addresses": ";".join(emails), "singleEmail": True}
        return _contact("email", settings)
    if webhook is not None:
        return _contact("webhook", {"url": webhook, "httpMethod": "POST"})
    return None


def _contact(kind: str, settings: Json) -> Json:
    return {
        "uid": "parkpulse-duty",
        "name": CONTACT,
        "type": kind,
        "settings": settings,
        "disableResolveMessage": False,
    }


def dashboards(page: str) -> list[tuple[str, Document]]:
    """Return id of the folder and document of every dashboard."""
    return [
        (board.folder(language)[0], document)
        for language in LANGUAGES
        for document in documents.documents(page, language).values()
    ]


def message(document: Document) -> str:
    """Say what this version of a dashboard is."""
    text = documents.text(document).encode()
    return f"{MESSAGE} {hashlib.sha256(text).hexdigest()[:16]}"


def judge_source(wanted: Json, found: Json | None, *, works: bool) -> Verdict:
    """Decide about the data source; its password cannot be read, only tried."""
    if found is None:
        return Verdict("create")
    differing = [name for name in wanted if not _holds(found.get(name), wanted[name])]
    if not differing:
        differing = [] if works else ["password"]
    if not differing:
        return Verdict("same")
    if found.get("readOnly"):
        return Verdict("left", _PROVISIONED)
    return Verdict("update", ", ".join(differing))


def source_body(wanted: Json, password: str | None, found: Json | None) -> Json:
    """Return what is written: what people have set besides stays.

    Parameters
    ----------
    wanted
        As of `source`.
    password
        Of the role; None leaves Grafana the one that it has.
    found
        What Grafana has; its `version` tells whether somebody was faster.
    """
    body = dict(wanted)
    if found is not None:
        body["jsonData"] = {**found.get("jsonData", {}), **wanted["jsonData"]}
        body["isDefault"] = bool(found.get("isDefault"))
        body["version"] = int(found.get("version", 0))
    if password is not None:
        body["secureJsonData"] = {"password": password}
    return body


def _holds(found: object, wanted: object) -> bool:
    """Whether what Grafana has is what is wanted; it may know more."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(_holds(found.get(name), value) for name, value in wanted.items())
    return found == wanted


def judge_folder(title: str, found: Json | None) -> Verdict:
    """Decide about a folder."""
    if found is None:
        return Verdict("create")
    if found["title"] == title:
        return Verdict("same")
    return Verdict("update", "title")


def judge_dashboard(
    document: Document, found: Json | None, last: Json, *, overwrite: bool
) -> Verdict:
    """Decide about a dashboard: what people have edited in Grafana is left to them.

    Parameters
    ----------
    document
        As it shall be.
    found
        What Grafana has: `dashboard`, `meta`.
    last
        The newest version: `message`, `createdBy`.
    overwrite
        Whether edited ones are replaced all the same.
    """
    if found is None:
        return Verdict("create")
    if found["meta"].get("provisioned"):
        return Verdict("left", _PROVISIONED)
    said = str(last.get("message", ""))
    if said == message(document):
        return Verdict("same")
    if said.startswith(MESSAGE):
        return Verdict("update", "made by an earlier version")
    who = f"edited in Grafana by {last.get('createdBy') or '?'}"
    return Verdict("update" if overwrite else "left", who)


def judge_contact(wanted: Json, found: Json | None) -> Verdict:
    """Decide about the contact point; what Grafana keeps secret counts as the same."""
    if found is None:
        return Verdict("create")
    settings = {
        name: wanted["settings"].get(name) if value == "[REDACTED]" else value
        for name, value in found["settings"].items()
    }
    kept = {**found, "settings": settings}
    names = ("type", "settings", "disableResolveMessage")
    differing = [name for name in names if not _holds(kept.get(name), wanted[name])]
    return Verdict("update", ", ".join(differing)) if differing else Verdict("same")
