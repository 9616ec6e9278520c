"""What flows through ingest: the ledger of the last day, and of the last minute."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parkpulse.store import ledger
from parkpulse.store.ledger import Counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parkpulse.store.ledger import LedgerRow

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Flow:
    """Messages of a park in the ledger's last day, and of the last minute."""

    messages_last_minute: int
    values_last_minute: int
    received: int
    stored: int
    duplicate: int
    quarantined: int
    balanced: bool
    """Whether every message that was received is accounted for."""


@dataclass(slots=True)
class FlowMeter:
    """Remembers a minute of samples of the ledger; one thread adds, any reads."""

    _samples: deque[tuple[float, Sequence[LedgerRow]]] = field(default_factory=deque)

    def observe(self, at_s: float, hours: Sequence[LedgerRow]) -> None:
        """Add the ledger's rows of the last day as of a monotonic clock [s]."""
        samples = deque(self._samples)
        samples.append((at_s, hours))
        # One sample of at least a minute ago stays, to compare with.
        while len(samples) > 1 and samples[1][0] <= at_s - MINUTE_S:
            samples.popleft()
        self._samples = samples

    def flow(self, park: str | None) -> Flow:
        """Flow of a park, or of everything; of the time since the first sample."""
        samples = self._samples
        if not samples:
            return Flow(0, 0, 0, 0, 0, 0, balanced=True)
        before = {(row.hour, row.source): row.counts for row in samples[0][1]}
        rows = [row for row in samples[-1][1] if park in {None, _park(row)}]
        earlier = [before.get((row.hour, row.source), Counts()) for row in rows]
        return _flow(ledger.total(rows), earlier)


def _park(row: LedgerRow) -> str:
    return row.source.partition("/")[0]


def _flow(now: Counts, before: Iterable[Counts]) -> Flow:
    earlier = list(before)
    messages = sum(each.received for each in earlier)
    values = sum(each.values_stored + each.values_corrected for each in earlier)
    return Flow(
        messages_last_minute=now.received - messages,
        values_last_minute=now.values_stored + now.values_corrected - values,
        received=now.received,
        stored=now.stored,
        duplicate=now.duplicate,
        quarantined=now.quarantined,
        balanced=now.is_balanced,
    )
