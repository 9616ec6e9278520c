"""Which waiting messages go out together, within a robot's limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from uuid_utils import compat

from parkpulse.notify import batching, links
from parkpulse.notify.batching import Budget
from parkpulse.store.claims import Queue, Receiver, Waiting

if TYPE_CHECKING:
    from parkpulse.model.alert import Severity

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TWENTY = [(20, 60.0)]
KEY = b"k" * 32


def waiting(count: int, severity: Severity = "low", park: int = 1) -> list[Waiting]:
    made = [compat.uuid7() for _ in range(count)]
    return [Waiting(each, park, severity, is_alarm=True) for each in made]


def queue(found: list[Waiting], *flooded: int) -> Queue:
    receiver = Receiver(1, "duty", "dingtalk", "", b"", {}, 0)
    return Queue(receiver, [], NOW, found, frozenset(flooded))


def test_a_minute_s_messages_count_against_the_limit() -> None:
    sent = [NOW - timedelta(seconds=each * 10) for each in range(20, 0, -1)]
    allowed = batching.budget(TWENTY, sent, NOW)
    assert allowed == Budget(14, 10.0)
    assert batching.budget(TWENTY, [], NOW).free == 20
    assert batching.budget([(5, 1.0), (100, 60.0)], [NOW] * 5, NOW).free == 0


def test_never_more_than_the_limit_in_any_minute() -> None:
    sent: list[datetime] = []
    for second in range(600):
        now = NOW + timedelta(seconds=second)
        allowed = batching.budget(TWENTY, sent[-100:], now)
        if batching.choose(queue(waiting(3, "critical")), allowed):
            sent.append(now)
    spans = [later - first for first, later in zip(sent, sent[20:], strict=False)]
    assert len(sent) > 100
    assert min(spans) > timedelta(seconds=60)


def test_few_go_out_alone_and_many_together() -> None:
    three = waiting(3)
    assert batching.choose(queue(three), Budget(20, 5.0)) == [three[0].id]
    many = waiting(19)
    assert len(batching.choose(queue(many), Budget(20, 5.0))) == 19
    assert batching.choose(queue([]), Budget(20, 5.0)) == []


def test_the_last_two_are_for_what_is_critical() -> None:
    assert batching.choose(queue(waiting(1)), Budget(2, 5.0)) == []
    assert len(batching.choose(queue(waiting(1, "critical")), Budget(2, 5.0))) == 1
    assert batching.choose(queue(waiting(1, "critical")), Budget(0, 5.0)) == []


def test_a_flood_is_gathered_for_a_minute_unless_something_is_critical() -> None:
    flood = waiting(5)
    assert batching.choose(queue(flood, 1), Budget(20, 30.0)) == []
    assert len(batching.choose(queue(flood, 1), Budget(20, 60.0))) == 5
    urgent = [*flood, *waiting(1, "critical")]
    assert len(batching.choose(queue(urgent, 1), Budget(20, 30.0))) == 6


def test_a_flood_of_one_park_holds_up_no_other() -> None:
    other = waiting(1, park=2)
    chosen = batching.choose(queue([*waiting(5), *other], 1), Budget(20, 30.0))
    assert chosen == [other[0].id]


def test_a_link_is_what_was_signed_and_nothing_else() -> None:
    made = links.ticket(compat.uuid7(), 7, 3, NOW)
    token = links.sign(KEY, made)
    assert links.read(KEY, token) == made
    assert made.expires_s == int(NOW.timestamp()) + 4 * 86_400
    assert links.read(b"x" * 32, token) is None
    for index in range(len(token)):
        other = "A" if token[index] != "A" else "B"
        changed = token[:index] + other + token[index + 1 :]
        assert links.read(KEY, changed) in {None, made}
    assert links.read(KEY, "") is None
    assert links.read(KEY, "é") is None
