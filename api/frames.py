"""The events of a live stream, as they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from api.hub import Frame
from parkpulse.query.newest import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from api.hub import View
    from parkpulse.model.alert import Alert
    from parkpulse.query.flow import Flow
    from parkpulse.query.live import ParkNow
    from parkpulse.query.newest import Newest

HEARTBEAT = b": still here\n\n"
"""A comment that keeps proxies and the browser's connection open."""
RETRY = b"retry: 2000\n\n"
"""How long a browser waits before it comes back. [ms]"""


def snapshot(
    number: int, view: View, seen: ParkNow, alerts: Sequence[Alert], flow: Flow
) -> Frame:
    """Everything that a page needs to begin."""
    latest = _rows(seen.newest, seen.stale)
    if view.series is not None:
        latest = [row for row in latest if row[0] in view.series]
    body = {"now": seen.now, "latest": latest, "alerts": alerts, "flow": flow}
    return _frame(number, "snapshot", body)


def values(number: int, now: datetime, newest: Newest) -> Frame:
    """Newest readings that changed since the last frame."""
    return _frame(number, "values", {"now": now, "values": _rows(newest)})


def alert(number: int, changed: Alert) -> Frame:
    """Show an alert as it is after a change."""
    return _frame(number, "alert", changed)


def kpi(number: int, data_centre: str) -> Frame:
    """Tell that figures of a data centre have changed: fetch them again."""
    return _frame(number, "kpi", {"data_centre": data_centre})


def flow(number: int, found: Flow) -> Frame:
    """Tell what arrived, and whether the ledger adds up."""
    return _frame(number, "flow", found)


def _frame(number: int, event: str, body: Any) -> Frame:  # noqa: ANN401 - any JSON
    # JSON has no line breaks of its own, so the data is one line.
    values = (number, event.encode(), msgspec.json.encode(body))
    return Frame(number, b"id: %d\nevent: %b\ndata: %b\n\n" % values)


def _rows(newest: Newest, *more: NDArray[np.bool_]) -> list[tuple[Any, ...]]:
    known = newest.ts != NEVER
    columns: tuple[NDArray[Any], ...] = (
        newest.series,
        newest.ts // 1000,
        newest.value,
        newest.quality,
        *more,
    )
    return list(zip(*(column[known].tolist() for column in columns), strict=True))
