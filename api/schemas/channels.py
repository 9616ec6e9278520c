"""Channels that messages go to, and the delivery log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool, StrictInt, StringConstraints

from api.schemas.common import (
    Answer,
    Code,
    Moment,
    Request,
    Sorted,
    Text,
    example,
)
from parkpulse.model.alert import Severity
from parkpulse.store.channels import Kind
from parkpulse.store.deliveries import State

_Secret = Annotated[str, StringConstraints(strict=True, max_length=2000)]
_Many = list[Text]
_OPTIONS: dict[str, Any] = {
    "language": "zh",
    "mention_mobiles": [],
    "mention_users": [],
    "mention_from": "high",
    "sender": "park@example.com",
    "recipients": ["duty@example.com"],
    "acknowledge_link": True,
}
_CHANNEL: dict[str, Any] = {
    "name": "duty",
    "kind": "email",
    "url": "smtps://mail.example.com/",
    "park": None,
    "min_severity": "medium",
    "enabled": True,
    "options": _OPTIONS,
    "failures": 0,
    "paused_until": None,
    "created_at": "2026-11-22T10:00:00Z",
    "version": 1,
}


class ChannelOptions(Request):
    """What is not secret about a channel."""

    language: Literal["zh", "en"] = "zh"
    mention_mobiles: _Many = Field(default=[], max_length=50)
    mention_users: _Many = Field(default=[], max_length=50)
    mention_from: Severity = "high"
    sender: Text = ""
    recipients: _Many = Field(default=[], max_length=50)
    acknowledge_link: StrictBool = True


class ShownOptions(Answer):
    """What is not secret about a channel."""

    language: Literal["zh", "en"]
    mention_mobiles: list[str]
    mention_users: list[str] = Field(description="Ids of the platform's users.")
    mention_from: Severity = Field(description="Least severity that mentions people.")
    sender: str = Field(description="Address that mail comes from.")
    recipients: list[str]
    acknowledge_link: bool


class Channel(Answer):
    """A channel; its secrets are never shown."""

    model_config = example(_CHANNEL)

    name: str
    kind: Kind
    url: str = Field(description="Without what follows the host.")
    park: str | None = Field(description="The only park it hears of.")
    min_severity: Severity
    enabled: bool
    options: ShownOptions
    failures: int = Field(description="Attempts in a row that did not reach it.")
    paused_until: datetime | None
    created_at: datetime
    version: int


class ChannelsQuery(Sorted):
    """Which channels."""

    limit: int = Field(default=1000, ge=1, le=1000, description="Most items of a page.")
    sort: Literal[
        "name", "-name", "kind", "-kind", "park", "-park", "created_at", "-created_at"
    ] = "name"
    park: Code | None = Field(default=None, description="The only park it hears of.")


class CreatedChannel(Channel):
    """A new channel; the secret made for a webhook is shown this once."""

    model_config = example(
        {**_CHANNEL, "kind": "webhook", "secret": "whsec_(32 bytes in base64)"}
    )

    secret: str | None


class NewChannel(Request):
    """A channel to be added."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "duty",
                "kind": "dingtalk",
                "url": "https://oapi.dingtalk.com/robot/send?access_token=…",
                "secret": "SEC…",
                "min_severity": "medium",
                "options": {"mention_mobiles": ["13800000000"]},
            }
        },
    )

    name: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]
    kind: Kind
    url: _Secret
    secret: _Secret = ""
    user: _Secret = ""
    min_severity: Severity = "low"
    park: Code | None = None
    enabled: StrictBool = True
    options: ChannelOptions = ChannelOptions()


class ChangedChannel(Request):
    """A channel as it shall be; without address and secret those are kept."""

    url: _Secret = ""
    secret: _Secret = ""
    user: _Secret = ""
    min_severity: Severity = "low"
    park: Code | None = None
    enabled: StrictBool = True
    options: ChannelOptions = ChannelOptions()
    version: StrictInt | None = Field(
        default=None, description="What was seen; 409 when it has changed since."
    )


class Removed(Answer):
    """What was removed."""

    model_config = example({"name": "duty", "removed": True})

    name: str
    removed: bool


class TestResult(Answer):
    """How a test message fared."""

    model_config = example(
        {"delivered": True, "status": 200, "error": None, "duration_ms": 84.0}
    )

    delivered: bool
    status: int | None
    error: str | None
    duration_ms: float


class DeliveriesQuery(Sorted):
    """Which messages, in which order."""

    park: Code | None = None
    channel: Text | None = None
    state: State | None = None
    alert: UUID | None = None
    since: Moment | None = None
    sort: Literal["at", "-at"] = "-at"


class Outgoing(Answer):
    """A message to one channel and how its last attempt ended."""

    model_config = example(
        {
            "id": "019a3c5e-0b7e-7cc3-98f6-3b1f6a1d2e41",
            "channel": "duty",
            "kind": "dingtalk",
            "park": "demo",
            "alert": "019a3c5e-0b7e-7cc3-98f6-3b1f6a1d2e40",
            "event": "raised",
            "severity": "high",
            "state": "dead",
            "attempts": 1,
            "created_at": "2026-11-22T10:10:03Z",
            "next_attempt_at": "2026-11-22T10:10:03Z",
            "last_at": "2026-11-22T10:10:04Z",
            "last_status": 200,
            "last_error": "310000 sign not match",
            "letter": "019a3c5e-0b7e-7cc3-98f6-3b1f6a1d2e41",
        }
    )

    id: UUID
    channel: str
    kind: Kind
    park: str
    alert: UUID
    event: str
    severity: Severity
    state: State
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    last_at: datetime | None
    last_status: int | None
    last_error: str | None
    letter: UUID | None = Field(
        description="The message as it was sent; those of a digest share it."
    )


class Resend(Request):
    """Which given-up messages are sent again: one, or all of a channel."""

    message: UUID | None = None
    channel: Text | None = None


class Resent(Answer):
    """How many messages are sent again."""

    model_config = example({"resent": 3})

    resent: int
