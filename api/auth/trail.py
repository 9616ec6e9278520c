"""The audit's part in a request: what is done is written down as it is committed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parkpulse.store import audit
from parkpulse.store.audit import Deed

if TYPE_CHECKING:
    from starlette.types import Scope

    from parkpulse.model.account import Actor
    from parkpulse.store.pool import Connection

TRAIL = "parkpulse.trail"
"""Key of the scope of a request that holds its trail."""
HIDDEN = "***"
_SECRET = ("password", "secret", "token", "key")
_LONGEST = 16 * 1024
"""Longest body that is written down whole. [B]"""


@dataclass(slots=True)
class Trail:
    """What becomes of one changing request.

    Parameters
    ----------
    actor
        Who asks.
    body
        What they sent.
    """

    actor: Actor
    body: bytes
    scope: Scope
    is_armed: bool = False
    is_written: bool = False
    before: object = None

    def write(self, conn: Connection) -> None:
        """Write it down with the first transaction of the handler."""
        if not self.is_armed or self.is_written:
            return
        self.is_written = True
        audit.add(conn, self.actor, self._deed(), self._own_name())

    def _deed(self) -> Deed:
        path = self.scope["path"].removeprefix("/api/v1")
        return Deed(
            action=self.scope["route"].name,
            target=path,
            park=self.scope.get("path_params", {}).get("park"),
            before=redacted(self.before),
            after=redacted(read(self.body)),
        )

    def _own_name(self) -> str:
        given = read(self.body)
        if not isinstance(given, dict):
            return ""
        name = given.get("actor") or given.get("by") or ""
        return name[:100] if isinstance(name, str) else ""


def arm(scope: Scope) -> None:
    """Begin to write down: the route has let them in."""
    trail: Trail | None = scope.get(TRAIL)
    if trail is not None:
        trail.is_armed = True


def disarm(scope: Scope) -> None:
    """Write nothing down as long as it is not certain that they may."""
    trail: Trail | None = scope.get(TRAIL)
    if trail is not None:
        trail.is_armed = False


def read(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return a body, or its length when it is too long to be written down."""
    if not body:
        return None
    if len(body) > _LONGEST:
        return {"bytes": len(body)}
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def redacted(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON without the values of secret fields and without NUL."""
    if isinstance(value, dict):
        return {
            _plain(key): HIDDEN if _is_secret(key) and each else redacted(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [redacted(each) for each in value]
    return _plain(value) if isinstance(value, str) else value


def _plain(text: str) -> str:
    """Leave out what PostgreSQL's jsonb cannot hold."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _is_secret(name: str) -> bool:
    return name in _SECRET or name.endswith(tuple(f"_{each}" for each in _SECRET))
