"""What decoders must remember of earlier messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection


def save(connection: Connection, key: str, state: bytes) -> None:
    """Keep the state of a decoder."""
    connection.execute(
        "insert into wire_state (key, state) values (%s, %b)"
        " on conflict (key) do update set state = excluded.state, at = now()",
        [key, state],
    )


def load(connection: Connection) -> dict[str, bytes]:
    """Return what was kept last, by key."""
    rows = connection.execute("select key, state from wire_state order by key")
    return {key: bytes(state) for key, state in rows}
