"""The inbox between the network and the database."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ingest import arrivals
from ingest.arrivals import Arrival, Inbox

if TYPE_CHECKING:
    import pytest


def arrival(number: int, size: int = 1) -> Arrival:
    return Arrival(number, 0, "topic", b"x" * size)


def test_messages_come_out_in_order() -> None:
    inbox = Inbox(linger_s=0.0)
    for number in range(10):
        inbox.put([arrival(number)])
    assert [each.number for each in inbox.take(1.0)] == list(range(10))
    assert inbox.take(0.0) == []


def test_a_batch_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "BATCH_MESSAGES", 3)
    monkeypatch.setattr(arrivals, "BATCH_BYTES", 100)
    inbox = Inbox(linger_s=0.0)
    for number, size in enumerate((1, 1, 1, 1, 200, 60, 60)):
        inbox.put([arrival(number, size)])
    taken = [[each.number for each in inbox.take(0.0)] for _ in range(3)]
    assert taken == [[0, 1, 2], [3, 4], [5, 6]]


def test_fullness_is_a_matter_of_messages_or_bytes() -> None:
    inbox = Inbox(maximum_messages=4, maximum_bytes=100, linger_s=0.0)
    inbox.put([arrival(1, 49)])
    assert (inbox.is_full, inbox.is_roomy) == (False, True)
    inbox.put([arrival(2, 1)])
    assert (inbox.is_full, inbox.is_roomy) == (False, False)
    inbox.put([arrival(3, 50)])
    assert inbox.is_full
    inbox.take(0.0)
    assert (len(inbox), inbox.is_full, inbox.is_roomy) == (0, False, True)
    for number in range(4):
        inbox.put([arrival(number)])
    assert inbox.is_full


def test_a_message_wakes_the_waiting_taker() -> None:
    inbox = Inbox(linger_s=0.0)
    found: list[Arrival] = []
    taker = threading.Thread(target=lambda: found.extend(inbox.take(30.0)))
    taker.start()
    inbox.put([arrival(7)])
    taker.join(10.0)
    assert [each.number for each in found] == [7]
