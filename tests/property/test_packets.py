"""What a broker sends, cut into pieces anywhere."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import packets
from ingest.packets import Stream
from parkpulse.errors import BrokerError

MESSAGES = st.tuples(
    st.binary(max_size=5),
    st.one_of(st.binary(max_size=5), st.sampled_from([bytes(117), bytes(17_000)])),
    st.integers(0, 1),
    st.integers(1, 65_535),
)
OTHERS = st.sampled_from([b"\x20\x02\0\0", b"\xd0\0", b"\x90\x04\0\x01\0\x01"])


def publish(topic: bytes, payload: bytes, qos: int, mid: int) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic
    body += (mid.to_bytes(2, "big") if qos else b"") + payload
    length, digits = len(body), bytearray()
    while length or not digits:
        length, digit = divmod(length, 128)
        digits.append(digit | (128 if length else 0))
    return bytes((0x30 | qos << 1, *digits)) + body


@given(st.lists(MESSAGES | OTHERS, max_size=6), st.lists(st.integers(0, 300)))
def test_packets_come_out_whole_and_in_order(
    sent: list[tuple[bytes, bytes, int, int] | bytes], cuts: list[int]
) -> None:
    data = b"".join(
        each if isinstance(each, bytes) else publish(*each) for each in sent
    )
    stream, published, others = Stream(), [], b""
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for start, end in itertools.pairwise(edges):
        found = stream.feed(data[start:end])
        published += found.published
        others += found.others
    assert others == b"".join(each for each in sent if isinstance(each, bytes))
    assert published == [
        (topic, payload, mid if qos else 0, qos)
        for topic, payload, qos, mid in (e for e in sent if isinstance(e, tuple))
    ]


@pytest.mark.parametrize(
    "data", [b"\x30\x80\x80\x80\x80", b"\x32\x04\0\x03ab", b"\x32\x03\0\x01a"]
)
def test_what_is_not_mqtt_is_refused(data: bytes) -> None:
    with pytest.raises(BrokerError):
        Stream().feed(data)


def test_acknowledgements_are_joined() -> None:
    assert packets.acknowledgements([1, 0x1234]) == b"\x40\x02\0\x01\x40\x02\x12\x34"
