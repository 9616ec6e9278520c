"""Streams: bounded queues, slow clients, numbers that only grow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from api import hub, stream
from api.hub import Frame, Hub, TooManyOfOneError, TooManyStreamsError, View
from api.stream import EventStream

if TYPE_CHECKING:
    from starlette.types import Message

SCOPE = {"type": "http"}


def frame(number: int) -> Frame:
    return Frame(number, b"id: %d\n\n" % number)


def test_numbers_only_grow() -> None:
    first = Hub()
    numbers = [first.next_id() for _ in range(2000)]
    block = first.reserve(1001)
    assert len(block) == 1001
    numbers += [block[0], block[-1], first.next_id()]
    assert numbers == sorted(set(numbers))


def test_frames_reach_those_who_look_at_the_park() -> None:
    async def run() -> None:
        central = Hub()
        one, other = (
            central.subscribe(View(1), "wall"),
            central.subscribe(View(2), "wall"),
        )
        assert central.watched() == {View(1), View(2)}
        await asyncio.to_thread(central.publish, View(1), [frame(1), frame(2)])
        assert [each.id for each in await one.take(1.0)] == [1, 2]
        assert await other.take(0.01) == []
        central.unsubscribe(one)
        assert central.watched() == {View(2)}
        central.publish(View(1), [frame(3)])
        assert not one.is_open

    asyncio.run(run())


def test_a_client_that_does_not_keep_up_is_dropped() -> None:
    async def run() -> None:
        client = Hub().subscribe(View(1), "wall")
        client.put([frame(n) for n in range(hub.QUEUE)])
        before = client.is_open
        client.put([frame(hub.QUEUE)])
        assert (before, client.is_open) == (True, False)
        assert await client.take(1.0) == []

    asyncio.run(run())


def test_only_so_many_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "CLIENTS", 2)

    async def run() -> None:
        central = Hub()
        first = central.subscribe(View(1), "wall")
        central.subscribe(View(2), "wall")
        with pytest.raises(TooManyStreamsError):
            central.subscribe(View(3), "wall")
        central.unsubscribe(first)
        central.subscribe(View(3), "wall")

    asyncio.run(run())


def test_nobody_takes_all_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "OF_ONE", 2)

    async def run() -> None:
        central = Hub()
        first = central.subscribe(View(1), "greedy")
        central.subscribe(View(2), "greedy")
        with pytest.raises(TooManyOfOneError):
            central.subscribe(View(3), "greedy")
        central.subscribe(View(3), "other")
        central.unsubscribe(first)
        central.subscribe(View(1), "greedy")

    asyncio.run(run())


def test_no_stream_opens_while_the_service_stops() -> None:
    async def run() -> None:
        central = Hub()
        central.close()
        assert not central.subscribe(View(1), "wall").is_open

    asyncio.run(run())


def _let() -> bool:
    return True


async def _never() -> Message:
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}


def test_what_was_queued_before_the_snapshot_is_not_sent() -> None:
    async def run() -> list[bytes]:
        central, sent = Hub(), []
        client = central.subscribe(View(1), "wall")
        client.put([frame(3), frame(4)])
        answer = EventStream(central, client, [frame(5)], _let)

        async def send(message: Message) -> None:
            sent.append(message.get("body", b""))
            if b"id: 5" in sent[-1]:
                client.put([frame(6)])
            if b"id: 6" in sent[-1]:
                client.close()

        await answer(SCOPE, _never, send)
        assert central.watched() == frozenset()
        return sent

    text = b"".join(asyncio.run(run()))
    assert b"id: 5" in text
    assert b"id: 6" in text
    assert b"id: 3" not in text
    assert b"id: 4" not in text


def test_a_stuck_client_ends_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SEND_WITHIN_S", 0.05)

    async def run() -> None:
        central = Hub()
        answer = EventStream(
            central, central.subscribe(View(1), "wall"), [frame(5)], _let
        )

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        await answer(SCOPE, _never, send)
        assert central.watched() == frozenset()

    asyncio.run(run())


def test_a_client_that_leaves_ends_its_stream() -> None:
    async def run() -> None:
        central = Hub()
        answer = EventStream(
            central, central.subscribe(View(1), "wall"), [frame(5)], _let
        )

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(_: Message) -> None: ...

        await asyncio.wait_for(answer(SCOPE, receive, send), 5.0)
        assert central.watched() == frozenset()

    asyncio.run(run())


def test_a_stream_ends_with_the_right_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)

    async def run() -> None:
        central = Hub()
        answer = EventStream(
            central,
            central.subscribe(View(1), "wall"),
            [frame(5)],
            is_let=lambda: False,
        )

        async def send(_: Message) -> None: ...

        await asyncio.wait_for(answer(SCOPE, _never, send), 5.0)
        assert central.watched() == frozenset()

    asyncio.run(run())


def test_silence_is_filled_with_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)

    async def run() -> None:
        central = Hub()
        client = central.subscribe(View(1), "wall")
        comments = 0

        async def send(message: Message) -> None:
            nonlocal comments
            comments += message.get("body", b"").startswith(b":")
            if comments == 3:
                client.close()

        await EventStream(central, client, [frame(5)], _let)(SCOPE, _never, send)
        assert comments == 3

    asyncio.run(run())
