"""The events of a stream, for the documentation."""

from __future__ import annotations

from typing import Any

_EXAMPLE = """\
retry: 2000

id: 1795342504000000
event: snapshot
data: {"now":"2026-11-22T10:15:04Z","latest":[[17,1795342500000,1.23,2,false]],\
"alerts":[],"flow":{"messages_last_minute":42,"values_last_minute":80,"received":60480,\
"stored":60470,"duplicate":8,"quarantined":2,"balanced":true}}

id: 1795342505000000
event: values
data: {"now":"2026-11-22T10:15:05Z","values":[[17,1795342505000,1.24,2]]}

"""
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "`snapshot` on connecting; then `values` [series, ts in ms, value, quality]"
            " that changed, `alert` after each change of one, `kpi` when figures of a"
            " data centre changed, `flow` every 2 s. Ids only grow. A comment every"
            " 15 s keeps the connection open."
        ),
        "content": {
            "text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}
        },
    },
}
"""Responses of the operation."""
