"""Rules as people read and edit them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model.rule import RuleSpec, RuleVersion, StoredRule
from parkpulse.store import parks
from parkpulse.store import rules as store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parkpulse.store.pool import Connection
    from parkpulse.store.rules import Change

_KIND = "rule"
_PATH = re.compile(r"at `\$?([^`]*)`")
MAXIMUM_NOTE = 2000


class RuleView(msgspec.Struct, frozen=True):
    """A rule as the API shows it; `park` is None for one of all parks."""

    id: int
    park: str | None
    version: int
    edited: bool
    code: str
    name: dict[str, str]
    definition: dict[str, Any]
    source: str
    source_zh: str
    enabled: bool


class VersionView(msgspec.Struct, frozen=True):
    """A rule as it was, with who made it so and why."""

    version: int
    at: datetime
    actor: str
    note: str
    name: dict[str, str]
    definition: dict[str, Any]
    source: str
    source_zh: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Search:
    """Which rules; None does not restrict."""

    park: str | None = None
    kind: str | None = None
    enabled: bool | None = None
    text: str | None = None


def parse(document: Mapping[str, Any]) -> RuleSpec:
    """Read a rule; raises InvalidRequestError that names the place of what is wrong."""
    try:
        return msgspec.convert(document, RuleSpec)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(
            code="invalid_rule",
            message=str(error),
            pointer=_pointer(str(error)),
        ) from error


def _pointer(message: str) -> str:
    """Make a JSON pointer (RFC 6901) of msgspec's path, `$.levels[0].limit`."""
    found = _PATH.search(message)
    if found is None:
        return ""
    return re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", found[1]).replace(".", "/")


def listed(conn: Connection, search: Search) -> list[RuleView]:
    """Rules by code, those of all parks first."""
    codes = _codes(conn)
    found = [_view(each, codes) for each in store.load(conn)]
    wanted = [each for each in found if _matches(each, search)]
    return sorted(wanted, key=lambda each: (each.code, each.park or ""))


def _matches(rule: RuleView, search: Search) -> bool:
    text = (search.text or "").casefold()
    words = " ".join([rule.code, *rule.name.values()]).casefold()
    return (
        (search.park is None or rule.park in {None, search.park})
        and (search.kind is None or rule.definition["kind"] == search.kind)
        and (search.enabled is None or rule.enabled is search.enabled)
        and text in words
    )


def one(conn: Connection, rule_id: int) -> tuple[RuleView, list[VersionView]]:
    """One rule and all its versions, newest first; raises NotFoundError."""
    return _view(_stored(conn, rule_id), _codes(conn)), [
        _version(each) for each in store.history(conn, rule_id)
    ]


def spec(conn: Connection, rule_id: int) -> RuleSpec:
    """Return what a stored rule says; raises NotFoundError."""
    return _stored(conn, rule_id).spec


def put(
    conn: Connection, wanted: RuleSpec, park: str | None, change: Change
) -> RuleView:
    """Write a rule of a park, or of all parks.

    Raises
    ------
    NotFoundError
        There is no such park.
    ConflictError
        The rule is not as the person has seen it; version 0 stands for no rule.
    InvalidRequestError
        Actor or note cannot be kept.
    """
    _check(change)
    codes = _codes(conn)
    park_id = next((key for key, code in codes.items() if code == park), None)
    if park is not None and park_id is None:
        raise NotFoundError(kind="park", key=park)
    return _view(store.put(conn, wanted, park_id, change), codes)


def replace_one(
    conn: Connection, rule_id: int, wanted: RuleSpec, change: Change
) -> RuleView:
    """Write a new version of a stored rule, whose code stays; raises as `put`."""
    stored = _stored(conn, rule_id)
    if wanted.code != stored.spec.code:
        message = f"the code of this rule is {stored.spec.code}"
        raise InvalidRequestError(
            code="invalid_value", message=message, pointer="/code"
        )
    park = None if stored.park_id is None else _codes(conn)[stored.park_id]
    return put(conn, wanted, park, change)


def switch(
    conn: Connection, rule_id: int, change: Change, *, enabled: bool
) -> RuleView:
    """Enable or disable a rule; raises as `put`."""
    wanted = replace(_stored(conn, rule_id).spec, enabled=enabled)
    return replace_one(conn, rule_id, wanted, change)


def switch_in(
    conn: Connection, code: str, park: str, change: Change, *, enabled: bool
) -> RuleView:
    """Enable or disable a rule in one park.

    A rule of all parks is not touched: the park gets its own of the same code, which
    replaces it there. One that holds there as is wanted stays as it is.

    Raises
    ------
    NotFoundError
        There is no such park or rule.
    ConflictError, InvalidRequestError
        As `put`.
    """
    found = holding(conn, code, park)
    if found.park is None and found.enabled is not enabled:
        own = replace(spec(conn, found.id), enabled=enabled)
        return put(conn, own, park, change)
    if found.park is None:
        return found
    return switch(conn, found.id, change, enabled=enabled)


def holding(conn: Connection, code: str, park: str | None) -> RuleView:
    """Find the rule of a code that holds in a park: its own, else that of all parks.

    Raises
    ------
    NotFoundError
        There is no such park or rule.
    """
    if park is not None:
        parks.find(conn, park)
    named = [each for each in listed(conn, Search()) if each.code == code]
    found = {each.park: each for each in named}
    if park in found:
        return found[park]
    if None in found:
        return found[None]
    error = NotFoundError(_KIND, code)
    if named:
        owners = ", ".join(str(each.park) for each in named)
        error.add_note(f"it is a park's own: give --park ({owners})")
    raise error


def _stored(conn: Connection, rule_id: int) -> StoredRule:
    for each in store.load(conn):
        if each.id == rule_id:
            return each
    raise NotFoundError(_KIND, str(rule_id))


def _check(change: Change) -> None:
    if not change.actor.strip() or not change.actor.isprintable():
        message = "who changes a rule is printable text"
        raise InvalidRequestError(
            code="invalid_value", message=message, pointer="/actor"
        )
    if len(change.note) > MAXIMUM_NOTE or "\x00" in change.note:
        message = f"a note has at most {MAXIMUM_NOTE} characters"
        raise InvalidRequestError(
            code="invalid_value", message=message, pointer="/note"
        )


def _codes(conn: Connection) -> dict[int, str]:
    return {each.id: each.code for each in parks.parks(conn)}


def _view(stored: StoredRule, codes: Mapping[int, str]) -> RuleView:
    park = None if stored.park_id is None else codes[stored.park_id]
    body = msgspec.to_builtins(stored.spec)
    return RuleView(
        id=stored.id,
        park=park,
        version=stored.version,
        edited=stored.edited,
        **body,
    )


def _version(version: RuleVersion) -> VersionView:
    body = msgspec.to_builtins(version.spec)
    del body["code"]
    return VersionView(
        version=version.version,
        at=version.at,
        actor=version.actor,
        note=version.note,
        **body,
    )
