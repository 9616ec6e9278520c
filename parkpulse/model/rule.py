"""Alert rules as people write them, and the rules that are shipped."""

from __future__ import annotations

import tomllib
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from parkpulse.model.definitions import (
    Definition,
    Level,
    Place,
    Scope,
    Threshold,
)
from parkpulse.model.registry import Code, Name

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Definition",
    "Level",
    "Place",
    "RuleSpec",
    "RuleVersion",
    "Scope",
    "StoredRule",
    "Threshold",
    "in_force",
    "read",
    "set_version",
    "shipped",
]


class RuleSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule; `parkpulse.store.rules.apply` puts it in force.

    A park's own rule replaces the shipped one of the same code in that park.
    """

    code: Code
    name: Name
    definition: Definition
    source: str
    """Standard, document or person that the limits come from."""
    enabled: bool = True
    source_zh: str = ""
    """The same in Chinese; empty: as `source`."""


class StoredRule(Struct, frozen=True):
    """A rule as the database has it; `version` grows with each change."""

    id: int
    park_id: int | None
    version: int
    spec: RuleSpec
    edited: bool = False
    """Whether people have changed it: what is shipped no longer replaces it."""


class RuleVersion(Struct, frozen=True):
    """A rule as it was from `at` on."""

    version: int
    at: datetime
    actor: str
    note: str
    spec: RuleSpec


def in_force(rules: Iterable[StoredRule], park_id: int) -> list[StoredRule]:
    """Rules that hold in a park: its own, and others' whose codes it has no rule of."""
    by_code: dict[str, StoredRule] = {}
    for rule in rules:
        if rule.park_id == park_id:
            by_code[rule.spec.code] = rule
        elif rule.park_id is None:
            by_code.setdefault(rule.spec.code, rule)
    return [rule for rule in by_code.values() if rule.spec.enabled]


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    rules: list[RuleSpec]


_FOLDER = "rules"


def set_version() -> int:
    """Version of the rule set that is shipped; it grows with each change of a rule."""
    folder = resources.files("parkpulse.model").joinpath(_FOLDER)
    return int(folder.joinpath("VERSION").read_text("utf-8"))


def shipped() -> list[RuleSpec]:
    """Rules that hold in every park unless it has its own, by file and order."""
    folder = resources.files("parkpulse.model").joinpath(_FOLDER)
    files = sorted(folder.iterdir(), key=lambda each: each.name)
    return [
        rule
        for file in files
        if file.name.endswith(".toml")
        for rule in read(file.read_text("utf-8"))
    ]


def read(text: str) -> list[RuleSpec]:
    """Read rules from TOML: a list of tables `rules`.

    Raises
    ------
    ValueError
        The text is no TOML, or a rule is unusable; the message says which and why.
    """
    return msgspec.convert(tomllib.loads(text), _Document).rules
