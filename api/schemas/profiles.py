"""Profiles: how messages of a device type are read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.common import Answer, Request, example
from api.schemas.decode import Decoded, Messages, ProfileText

_PROFILE = {
    "name": "tasmota",
    "own": False,
    "shipped": True,
    "language": "toml",
    "kind": "json",
    "description": "Tasmota plugs",
    "problem": None,
}


class Profile(Answer):
    """A profile."""

    model_config = example(_PROFILE)

    name: str
    own: bool = Field(description="Whether the file is the user's own.")
    shipped: bool = Field(description="Whether one of this name comes with Parkpulse.")
    language: Literal["toml", "yaml"]
    kind: str | None = Field(description="`json` or `binary`; null if unusable.")
    description: str
    problem: str | None = Field(description="Why it cannot be used.")


class Profiles(Answer):
    """All profiles."""

    model_config = example({"items": [_PROFILE], "writable": True})

    items: list[Profile]
    writable: bool = Field(description="Whether this service has a folder for them.")


class ProfileDetail(Profile):
    """A profile with its text."""

    model_config = example({**_PROFILE, "text": 'kind = "json"\n'})

    text: str


class ProfileEdit(Request):
    """A profile of one's own, tried on a message before it is kept."""

    text: ProfileText
    language: Literal["toml", "yaml"] = "toml"
    sample: Messages | None = Field(
        default=None, description="It is kept only if it reads these messages."
    )


class ProfileKept(Answer):
    """Whether a profile was kept, and what it made of the sample."""

    model_config = example({"kept": True, "decoded": {"items": [], "problem": None}})

    kept: bool
    decoded: Decoded


class ProfileRemoved(Answer):
    """A profile of one's own is gone; a shipped one of its name holds again."""

    model_config = example({"name": "tasmota", "removed": True})

    name: str
    removed: bool
