"""Finds out what a Grafana lacks, and brings it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboards.grafana import board, wanted
from dashboards.grafana.words import LANGUAGES
from parkpulse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dashboards.grafana.documents import Document
    from dashboards.grafana.remote import Json, Remote
    from dashboards.grafana.wanted import Verdict, Wanted


@dataclass(frozen=True)
class Change:
    """Something that Grafana has, lacks, or has otherwise.

    Parameters
    ----------
    kind, name
        What it is.
    verdict
        What is to be done.
    carry_out
        Does it.
    """

    kind: str
    name: str
    verdict: Verdict
    carry_out: Callable[[], None]

    @property
    def is_due(self) -> bool:
        """Whether there is anything to do."""
        return self.verdict.action in {"create", "update"}


def changes(remote: Remote, target: Wanted, *, overwrite: bool) -> Iterator[Change]:
    """Compare, in the order in which things need each other.

    Each is looked at when it is its turn, so that carrying one out may be seen by the
    next.

    Raises
    ------
    GrafanaError
        Grafana is too old or away, or the token may not look.
    ConfigError
        The data source is new and the password of its role is not known.
    """
    remote.check()
    yield _source(remote, target)
    for language in LANGUAGES:
        yield _folder(remote, *board.folder(language))
    for folder, document in wanted.dashboards(target.page):
        yield _dashboard(remote, folder, document, overwrite=overwrite)
    if target.contact is not None:
        yield _contact(remote, target.contact)


def _source(remote: Remote, target: Wanted) -> Change:
    name = str(target.source["uid"])
    found = remote.source(name)
    works = found is not None and (target.password is None or remote.source_works(name))
    verdict = wanted.judge_source(target.source, found, works=works)
    body = wanted.source_body(target.source, target.password, found)

    def carry_out() -> None:
        if found is not None:
            remote.update_source(body)
            return
        if target.password is None:
            message = (
                "the password of the role that dashboards read with is not known here:"
                " run 'parkpulse grafana role' or set"
                " PARKPULSE_GRAFANA_DATABASE_PASSWORD"
            )
            raise ConfigError(message)
        remote.create_source(body)

    return Change("data source", target.source["name"], verdict, carry_out)


def _folder(remote: Remote, uid: str, title: str) -> Change:
    found = remote.folder(uid)

    def carry_out() -> None:
        if found is None:
            remote.create_folder(uid, title)
        else:
            remote.rename_folder(uid, title, int(found["version"]))

    return Change("folder", title, wanted.judge_folder(title, found), carry_out)


def _dashboard(
    remote: Remote, folder: str, document: Document, *, overwrite: bool
) -> Change:
    uid = str(document["uid"])
    found = remote.dashboard(uid)
    last = {} if found is None else remote.last_change(uid)
    verdict = wanted.judge_dashboard(document, found, last, overwrite=overwrite)
    version = {} if found is None else {"version": found["dashboard"]["version"]}

    def carry_out() -> None:
        message = wanted.message(document)
        remote.write_dashboard({**document, **version}, folder, message)

    return Change("dashboard", document["title"], verdict, carry_out)


def _contact(remote: Remote, point: Json) -> Change:
    found = remote.contact_point(point["name"])

    def carry_out() -> None:
        if found is None:
            remote.create_contact_point(point)
        else:
            remote.update_contact_point(found["uid"], {**point, "uid": found["uid"]})

    verdict = wanted.judge_contact(point, found)
    return Change("contact point", point["name"], verdict, carry_out)
