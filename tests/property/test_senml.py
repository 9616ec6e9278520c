"""SenML: what is written is read again; of rubbish comes nothing but DecodeError."""

from __future__ import annotations

import contextlib

import cbor2
from hypothesis import given, settings
from hypothesis import strategies as st

from parkpulse.errors import DecodeError
from parkpulse.model.message import Message
from parkpulse.wire import senml, senml_encode
from parkpulse.wire.context import Context

CONTEXT = Context("", 1_700_000_000_000_000)
NAMES = st.sampled_from(["a", "x1", "b/c", "voltage", "water_level"])
VALUES = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.integers(1_000_000_000_000, 2_000_000_000_000)
LABELS = st.sampled_from([*range(-7, 10), "n", "v", "t", "x_", True, 1.5])
ANY = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()
)


@settings(max_examples=100)
@given(st.lists(st.tuples(NAMES, VALUES, TIMES), min_size=1, max_size=20))
def test_round_trip(rows: list[tuple[str, float, int]]) -> None:
    names, values, times = zip(*rows, strict=True)
    message = Message(list(names), list(values), [each * 1000 for each in times])
    pack = senml_encode.records(message, "urn:dev:mac:1:")
    for payload in (senml_encode.to_json(pack), senml_encode.to_cbor(pack)):
        (found,) = senml.Decoder().decode(payload, CONTEXT).messages
        read = sorted(zip(found.metrics, found.values, found.ts_us, strict=True))
        assert read == sorted((name, value, at * 1000) for name, value, at in rows)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes(payload: bytes) -> None:
    with contextlib.suppress(DecodeError):
        senml.Decoder().decode(payload, CONTEXT)
    with contextlib.suppress(DecodeError):
        senml.Decoder().decode(b"\x81" + payload, CONTEXT)


@settings(max_examples=200)
@given(st.lists(st.dictionaries(LABELS, ANY, max_size=5), max_size=4))
def test_any_records(pack: list[dict[object, object]]) -> None:
    with contextlib.suppress(DecodeError):
        senml.Decoder().decode(cbor2.dumps(pack), CONTEXT)
