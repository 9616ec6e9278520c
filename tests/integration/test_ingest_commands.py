"""Answers of local controllers on their way through ingest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parkpulse.errors import DecodeError
from parkpulse.wire import commands
from parkpulse.wire.context import Context
from tests.integration import ingesting
from tests.integration.ingesting import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = "019ab3f0-7c1a-7e55-a3c1-5f6f0a1b2c3d"


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    made = Bench(database_url)
    made.register(ingesting.park())
    yield made
    made.close()


def test_an_answer_to_a_command_is_an_event(bench: Bench) -> None:
    good = commands.answer(COMMAND, "refused", "door is open")
    topic = "parkpulse/v1/demo/gauge/down/ack"
    bench.receive(good, good, b'{"id":1}', on=topic)
    ((kind, detail),) = bench.rows(b"select kind, detail from event")
    assert kind == "command_ack"
    assert detail == {"id": COMMAND, "result": "refused", "reason": "door is open"}
    totals = bench.totals("demo")
    assert (totals.stored, totals.duplicate, totals.quarantined) == (1, 1, 1)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'{"result":"confirmed"}',
        b'{"id":"1","result":"confirmed"}',
        f'{{"id":"{COMMAND}"}}'.encode(),
        f'{{"id":"{COMMAND}","result":"done"}}'.encode(),
        f'{{"id":"{COMMAND}","result":"refused","reason":1}}'.encode(),
    ],
)
def test_what_is_no_answer_is_refused(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        commands.AckDecoder().decode(payload, Context("", 0, {}))


def test_a_reason_is_one_short_line() -> None:
    payload = commands.answer(COMMAND.upper(), "refused", "a\n\x07" + "b" * 500)
    (message,) = commands.AckDecoder().decode(payload, Context("", 0, {})).messages
    detail = message.events[0].detail
    assert detail["id"] == COMMAND
    assert len(detail["reason"]) == 200
    assert detail["reason"].isprintable()
