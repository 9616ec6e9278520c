"""Decides which waiting messages go out now as one, within a robot's limit.

Without haste each message goes out alone. When more wait than the limit still allows,
they are merged into one message. In a flood (more than ten alarms of a park in ten
minutes) that park's messages are gathered for a minute and grouped; something critical
does not wait. The last two messages of a limit are kept for what is critical.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from parkpulse.store.claims import Queue, Waiting

FLOOD = 10
"""More alarms of a park than this within `FLOOD_S` are a flood."""
FLOOD_S = 600.0
GATHER_S = 60.0
RESERVE = 2
_MARGIN_S = 1.0  # the way to the platform takes a varying time


@dataclass(frozen=True, slots=True)
class Budget:
    """What the limit still allows, and the time since the last message. [s]."""

    free: int
    since_last_s: float


def budget(
    windows: Sequence[tuple[int, float]], sent: Sequence[datetime], now: datetime
) -> Budget:
    """Tell what may be sent at `now` after messages were sent at these times."""
    free = min(
        (
            most
            - sum(now - each < timedelta(seconds=span + _MARGIN_S) for each in sent)
            for most, span in windows
        ),
        default=1_000,
    )
    last = (now - max(sent)).total_seconds() if sent else float("inf")
    return Budget(free, last)


def choose(queue: Queue, allowed: Budget) -> list[UUID]:
    """Ids of the messages that go out now as one; none to wait."""
    flood = [each for each in queue.waiting if each.park_id in queue.flooded]
    calm = [each for each in queue.waiting if each.park_id not in queue.flooded]
    reserve = 0 if any(map(_is_urgent, queue.waiting)) else RESERVE
    # A limit as narrow as five in a second has nothing to reserve.
    free = allowed.free - (reserve if allowed.free > 0 and _is_wide(queue) else 0)
    if free <= 0 or not queue.waiting:
        return []
    if flood and (any(map(_is_urgent, flood)) or allowed.since_last_s >= GATHER_S):
        park = flood[0].park_id
        return [each.id for each in flood if each.park_id == park]
    if len(calm) <= free:
        return [each.id for each in calm[:1]]
    return [each.id for each in calm]


def _is_wide(queue: Queue) -> bool:
    return queue.receiver.kind in {"dingtalk", "wecom", "email"}


def _is_urgent(waiting: Waiting) -> bool:
    return waiting.is_alarm and waiting.severity == "critical"
