"""Health and readiness."""

from __future__ import annotations

from typing import Literal

from api.schemas.common import Answer, example


class Health(Answer):
    """The process answers."""

    model_config = example({"status": "alive", "version": "0.1.0"})

    status: Literal["alive"]
    version: str


class Part(Answer):
    """A part of the service."""

    name: str
    status: Literal["ok", "degraded", "failed"]
    detail: str


class Ready(Answer):
    """Whether the service can do its work, part by part."""

    model_config = example(
        {
            "status": "ready",
            "parts": [
                {
                    "name": "database",
                    "status": "ok",
                    "detail": "The database answers.",
                }
            ],
        }
    )

    status: Literal["ready", "degraded", "unready"]
    parts: list[Part]
