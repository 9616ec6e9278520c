"""Sparkplug: loss is noticed; what is late or repeated is not taken for loss."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from parkpulse.errors import DecodeError
from parkpulse.wire.context import Context
from parkpulse.wire.sparkplug import decoder as sparkplug
from parkpulse.wire.sparkplug import encode, state, values
from parkpulse.wire.sparkplug.encode import Value

if TYPE_CHECKING:
    from parkpulse.model.message import Telegram

NOW_MS = 1_700_000_000_000
METRICS = (
    Value(1.0, values.DOUBLE, "a", 1),
    Value(2, values.INT16, "b", 2),
)
FATES = st.lists(st.sampled_from(["sent", "lost", "twice", "late"]), max_size=25)
KINDS = st.sampled_from(
    ["NBIRTH/n", "NDATA/n", "NDEATH/n", "DBIRTH/n/d", "DDATA/n/d", "DDEATH/n/d"]
)


class Node:
    """An edge node and whoever listens."""

    def __init__(self, first: int) -> None:
        self.decoder = sparkplug.Decoder()
        self.seq = first
        self.now_us = NOW_MS * 1000
        self.told: list[Telegram] = []
        self.hear("NBIRTH/n", encode.node_birth((), NOW_MS, 0, self.next()))
        self.hear("DBIRTH/n/d", encode.payload(METRICS, NOW_MS, self.next()))

    def next(self) -> int:
        seq, self.seq = self.seq, (self.seq + 1) % 256
        return seq

    def data(self, value: int) -> bytes:
        told = Value(value, values.INT16, alias=2, ts_ms=NOW_MS + value)
        return encode.payload((told,), NOW_MS, self.next())

    def hear(self, kind: str, payload: bytes) -> None:
        kind, _, who = kind.partition("/")
        topic = f"spBv1.0/g/{kind}/{who}"
        self.told.append(self.decoder.decode(payload, Context(topic, self.now_us)))


@settings(max_examples=150)
@given(FATES, st.integers(0, 255))
def test_only_loss_is_loss(fates: list[str], first: int) -> None:
    node = Node(first)
    heard: list[int] = []
    late: list[tuple[int, bytes]] = []
    for value, fate in enumerate(fates):
        payload = node.data(value - 10)
        if fate == "late":
            late.append((value - 10, payload))
        times = {"sent": 1, "twice": 2}.get(fate, 0)
        for _ in range(times):
            node.hear("DDATA/n/d", payload)
            heard.append(value - 10)
    for value, payload in late:
        node.hear("DDATA/n/d", payload)
        heard.append(value)
    node.hear("DDATA/n/d", node.data(100))
    node.now_us += state.WINDOW_US
    node.hear("DDATA/n/d", node.data(101))
    found = [each.messages[0].values for each in node.told[2:]]
    assert found == [[float(each)] for each in [*heard, 100, 101]]
    assert any(each.wants_birth for each in node.told) == ("lost" in fates)


@settings(max_examples=100)
@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from([8, 16, 32, 64]))
def test_twos_complement(value: int, bits: int) -> None:
    datatype = {8: 1, 16: 2, 32: 3, 64: 4}[bits]
    kept = (value + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))
    assert values.signed(kept & ((1 << bits) - 1), datatype) == kept
    assert values.signed(kept & (2**64 - 1), datatype) == kept


@settings(max_examples=300)
@given(st.lists(st.tuples(KINDS, st.binary(max_size=120)), max_size=6))
def test_any_bytes_and_the_state_stays_readable(
    heard: list[tuple[str, bytes]],
) -> None:
    node = Node(0)
    for kind, payload in heard:
        with contextlib.suppress(DecodeError):
            node.hear(kind, payload)
        with contextlib.suppress(DecodeError):
            node.hear(kind, b"\x12" + bytes([len(payload)]) + payload)
    node.decoder.restore(node.decoder.state())
