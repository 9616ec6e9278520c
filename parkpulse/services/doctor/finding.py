"""What a check found."""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["ok", "warn", "fail"]


class Finding(NamedTuple):
    """One line of the doctor."""

    name: str
    state: State
    text: str
    remedy: str = ""
    """What to do; empty where nothing is to be done."""


def ok(name: str, text: str) -> Finding:
    """Say that all is well."""
    return Finding(name, "ok", text)


def warn(name: str, text: str, remedy: str) -> Finding:
    """Say that it works, and that something should be done."""
    return Finding(name, "warn", text, remedy)


def fail(name: str, text: str, remedy: str) -> Finding:
    """Say that it does not work."""
    return Finding(name, "fail", text, remedy)
