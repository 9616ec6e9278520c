"""Messages that a person hands over to be decoded."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.schemas.common import Answer, Moment, Request, Text, example

Payload = Annotated[str, StringConstraints(max_length=48 * 1024)]
ProfileText = Annotated[str, StringConstraints(max_length=32 * 1024)]
Option = Annotated[str, StringConstraints(max_length=200)]
_READING = {
    "device": "level-lake",
    "metric": "water_level",
    "value": 1.23,
    "unit": "m",
    "ts": "2026-11-22T10:15:00Z",
    "quality": 1,
    "source": "water_level",
}


class Messages(Request):
    """Messages as somebody has them, and how they came."""

    payload: Payload = Field(description="One or more messages.")
    encoding: Literal["auto", "text", "hex", "base64"] = Field(
        default="auto",
        description="`auto`: lines of hexadecimal digits, JSON, JSON lines (each may"
        " begin with its topic) or text, as `parkpulse decode` reads files.",
    )
    topic: Text = Field(default="", description="Topic that they came on.")
    options: dict[Option, Option] = Field(
        default={}, max_length=20, description="Options of the device."
    )


class Decode(Messages):
    """Messages and their format, or a profile to read them with."""

    model_config = example(
        {
            "format": "native",
            "payload": '{"samples": [{"ts": "2026-11-22T10:15:00Z",'
            ' "values": {"water_level": 1.23}}]}',
            "topic": "parkpulse/v1/demo/level-lake/telemetry",
        }
    )

    format: Text = Field(
        default="", description="As GET /decode/formats lists; empty with `profile`."
    )
    profile: ProfileText | None = Field(
        default=None, description="Text of a profile, which is tried only."
    )
    profile_language: Literal["toml", "yaml"] = "toml"
    received: Moment | None = Field(default=None, description="Now, without it.")


class Decoded(Answer):
    """What the messages say: the JSON of `parkpulse decode`, one item each."""

    model_config = example(
        {
            "items": [
                {"readings": [_READING], "message": {"seq": None, "sent_at": None}}
            ],
            "problem": None,
        }
    )

    items: list[dict[str, Any]] = Field(
        description="Each has `readings` and `message`, or `error`."
    )
    problem: str | None = Field(description="What is wrong with the profile.")


class DecodeExample(Answer):
    """A message to begin with."""

    payload: str
    encoding: Literal["auto", "text", "hex", "base64"]
    topic: str


class DecodeFormat(Answer):
    """A format that messages may come in."""

    name: str
    example: DecodeExample | None


class DecodeFormats(Answer):
    """All formats."""

    model_config = example({"items": [{"name": "native", "example": None}]})

    items: list[DecodeFormat]
