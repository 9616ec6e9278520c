"""Credentials of devices and gateways at the broker."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.schemas.common import Answer, Code, Request, Sorted, example
from api.schemas.registry import Id
from parkpulse.model.credentials import Kind, State

MOST = 1000
"""Credentials that are made at a time."""
DeviceKey = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}/[A-Za-z0-9._:-]{1,64}$")
]
Subject = Annotated[str, StringConstraints(min_length=3, max_length=130)]
_SUBJECT = "PARK/DEVICE, or gateway:NAME."


class CredentialsQuery(Sorted):
    """Which credentials."""

    limit: int = Field(default=1000, ge=1, le=1000, description="Most items of a page.")
    sort: Literal[
        "subject", "-subject", "state", "-state", "created_at", "-created_at"
    ] = "subject"
    park: Code | None = Field(
        default=None, description="Those that speak for devices of this park."
    )
    ended: bool = Field(default=False, description="Also those that have ended.")


class Credential(Answer):
    """A user name at the broker; never with its password."""

    model_config = example(
        {
            "subject": "demo/level-lake",
            "kind": "device",
            "username": "demo/level-lake@1",
            "state": "in_force",
            "devices": ["demo/level-lake"],
            "created_at": "2026-11-22T10:15:04Z",
            "expires_at": None,
            "revoked_at": None,
        }
    )

    subject: str
    kind: Kind
    username: str
    state: State = Field(
        description="`ending`: replaced by a newer one, and valid until `expires_at`."
    )
    devices: list[str] = Field(description="PARK/DEVICE that it speaks for.")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewCredentials(Request):
    """One for each device; one for all of them if a gateway is named."""

    model_config = example({"devices": ["demo/level-lake"]})

    devices: list[DeviceKey] = Field(default=[], max_length=MOST)
    park: Code | None = Field(
        default=None,
        description="Instead of devices: each of this park in use that has none.",
    )
    gateway: Id | None = Field(
        default=None, description="Name of a gateway that speaks for the devices."
    )


class IssuedCredential(Answer):
    """User name and password; the password is in this answer only."""

    model_config = example(
        {
            "subject": "demo/level-lake",
            "username": "demo/level-lake@1",
            "password": "y2Jk…",
        }
    )

    subject: str
    username: str
    password: str


class IssuedCredentials(Answer):
    """What was made."""

    model_config = example(
        {
            "items": [
                {
                    "subject": "demo/level-lake",
                    "username": "demo/level-lake@1",
                    "password": "y2Jk…",
                }
            ],
            "left": 0,
        }
    )

    items: list[IssuedCredential]
    left: int = Field(description="Devices of the park that still have none.")


class CredentialRotation(Request):
    """Which credential to replace."""

    model_config = example({"subject": "demo/level-lake", "overlap_s": 86400})

    subject: Subject = Field(description=_SUBJECT)
    overlap_s: int = Field(
        default=0,
        ge=0,
        le=31 * 86_400,
        description="How long the old password holds on beside the new one. [s]",
    )


class CredentialRevocation(Request):
    """Which credentials to end."""

    model_config = example({"subject": "demo/level-lake"})

    subject: Subject = Field(description=_SUBJECT)
    username: str | None = Field(
        default=None, max_length=200, description="Only this one of its user names."
    )


class Revoked(Answer):
    """How many have ended."""

    model_config = example({"revoked": 1})

    revoked: int
