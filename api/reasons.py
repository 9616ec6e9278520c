"""Reasons of refusals in Chinese; the query layer says them in English."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.language import Language

_PLACE = re.compile(r" - at `[^`]*`$")
"""Where msgspec found it; the pointer says so."""


def _read() -> list[tuple[re.Pattern[str], str]]:
    text = resources.files("api").joinpath("reasons.toml").read_text("utf-8")
    return [(re.compile(en), zh) for en, zh in tomllib.loads(text).items()]


_TEXTS = _read()


def said(reason: str, speech: Language) -> str:
    """Say a reason in the caller's language; one without translation stays English."""
    if speech == "en":
        return reason
    plain = _PLACE.sub("", reason)
    for pattern, text in _TEXTS:
        found = pattern.fullmatch(plain)
        if found is not None:
            return text.format(*found.groups())
    return plain
