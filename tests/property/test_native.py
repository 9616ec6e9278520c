"""The native JSON format on everything that hypothesis can think of."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Message
from parkpulse.wire import native

INSTANTS = st.integers(
    min_value=-62_135_596_800_000_000, max_value=253_402_300_799_999_999
)
NAMES = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    rows = draw(
        st.lists(st.tuples(NAMES, VALUES, st.none() | INSTANTS), min_size=1, max_size=9)
    )
    return Message(
        metrics=[metric for metric, _, _ in rows],
        values=[value for _, value, _ in rows],
        ts_us=[at for _, _, at in rows],
        seq=draw(st.none() | st.integers(0, 2**63 - 1)),
        sent_us=draw(st.none() | INSTANTS),
        units=draw(st.dictionaries(NAMES, NAMES, max_size=3)),
    )


@given(messages())
def test_what_is_written_is_read_back(message: Message) -> None:
    assert native.decode(native.encode(message)) == message


def outcome(payload: bytes) -> Message | str:
    """A message, or the reason of the refusal; any other error is a failure."""
    try:
        return native.decode(payload)
    except DecodeError as error:
        return reasons.TEXTS[error.reason].en


@given(st.binary(max_size=300))
@example(b"\x00")
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    outcome(payload)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2026-01-01T00:00:00Z", 1_764_000_000_000]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=3)
            | st.sampled_from(
                ["seq", "sent", "samples", "ts", "values", "radio", "units", "rsrp"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON, st.booleans())
def test_any_json_is_read_or_refused(document: Any, is_ascii: bool) -> None:  # noqa: ANN401, FBT001 - drawn
    text = json.dumps(document, ensure_ascii=is_ascii)
    outcome(text.encode(errors="surrogatepass"))


@given(messages(), st.data())
def test_a_damaged_message_is_read_or_refused(
    message: Message, data: st.DataObject
) -> None:
    payload = bytearray(native.encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(
            st.integers(0, 255)
        )
    outcome(bytes(payload))


@given(messages())
def test_fast_and_slow_reading_agree(message: Message) -> None:
    payload = native.encode(message)
    assert native._decode_slowly(payload) == native.decode(payload)
