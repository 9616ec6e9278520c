"""What a station writes in SL 651 is read back, in both modes and in packets."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkpulse.model import instants
from parkpulse.model.message import MISSING, Message, Telegram
from parkpulse.wire.context import Context
from parkpulse.wire.sl651 import coding, elements, encode
from parkpulse.wire.sl651.decoder import Decoder
from parkpulse.wire.sl651.encode import Station

BEGIN = instants.to_us(datetime(2020, 1, 1, tzinfo=UTC))
MINUTES = st.integers(0, 5_000_000).map(lambda n: BEGIN + n * instants.MINUTE)
ELEMENTS = st.sampled_from(
    [each for each in elements.BY_METRIC.values() if each.guide != elements.DURATION]
)
STATIONS = st.builds(
    Station,
    st.integers(0, 99_999_999).map("{:08d}".format)
    | st.tuples(st.integers(100_000, 999_999), st.integers(1, 65_535)).map(
        lambda pair: f"{pair[0]}{pair[1]:05d}"
    ),
    st.sampled_from(sorted(elements.CLASSES.values())),
    st.integers(0, 255),
    st.binary(min_size=2, max_size=2),
    st.sampled_from(["hex", "ascii"]),
)
STEPS = (5 * instants.MINUTE, instants.HOUR, 3 * instants.DAY)


def rounded(element: elements.Element, part: float) -> float:
    """A value that the element can say, negative where `part` is."""
    most = 10**element.digits - 1
    whole = round(abs(part) * most)
    signed = math.copysign(whole, part if whole else 1.0)
    return float(signed / 10**element.decimals)


@st.composite
def values(draw: st.DrawFn, element: elements.Element) -> float:
    part = draw(st.none() | st.floats(-1, 1))
    return math.nan if part is None else rounded(element, part)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    message = Message([], [], [], draw(st.integers(1, 65_535)), draw(MINUTES))
    for element in draw(st.lists(ELEMENTS, min_size=1, max_size=12)):
        message.metrics.append(element.metric)
        message.values.append(draw(values(element)))
        message.ts_us.append(draw(MINUTES))
    return message


def told(telegram: Telegram) -> Message:
    (message,) = telegram.messages
    assert not message.refused
    return message


def assert_same(read: Message, sent: Message) -> None:
    assert read.metrics == sent.metrics
    assert read.ts_us == sent.ts_us
    assert read.values == pytest.approx(sent.values, rel=0, abs=0, nan_ok=True)
    missing = [flag == MISSING for flag in read.quality]
    assert missing == [math.isnan(value) for value in sent.values]
    assert (read.seq, read.sent_us) == (sent.seq, sent.sent_us)


@given(STATIONS, messages(), st.sampled_from([0x30, 0x32, 0x33, 0x37]))
def test_a_report_is_read_back(
    station: Station, message: Message, function: int
) -> None:
    frame = encode.single(station, function, encode.report(station, message))
    context = Context("", BEGIN, {"secrets": "show"})
    telegram = Decoder().decode(frame, context)
    assert_same(told(telegram), message)
    about = telegram.about
    assert about["station"] == coding.station(station.address)
    assert about["function"] == f"{function:02X}"
    assert about["class_code"] == station.class_code
    assert about["password"] == station.password.hex().upper()
    assert about["centre"] == station.centre


@given(STATIONS, messages(), st.integers(30, 200), st.randoms())
@settings(max_examples=50)
def test_a_transfer_is_read_back_in_any_order(
    station: Station, message: Message, size: int, random: object
) -> None:
    body = encode.report(station, message)
    frames = encode.packets(station, 0x32, body, size)
    random.shuffle(frames)  # type: ignore[attr-defined]
    decoder = Decoder()
    *first, last = [decoder.decode(each, Context("", BEGIN)) for each in frames]
    assert all(each.awaits for each in first)
    assert_same(told(last), message)


@given(STATIONS, ELEMENTS, st.data(), st.sampled_from(STEPS))
def test_a_series_is_read_back(
    station: Station, element: elements.Element, data: st.DataObject, step_us: int
) -> None:
    column = data.draw(st.lists(values(element), min_size=1, max_size=20))
    first_us = data.draw(MINUTES)
    times: list[int | None] = [first_us + n * step_us for n in range(len(column))]
    message = Message([element.metric] * len(column), column, times, 1, first_us)
    body = encode.series(station, message, step_us)
    frame = encode.single(station, 0x31, body)
    assert_same(told(Decoder().decode(frame, Context())), message)


@given(
    STATIONS,
    MINUTES,
    st.lists(st.none() | st.integers(0, 254), min_size=12, max_size=12),
    st.lists(st.none() | st.integers(0, 65_534), min_size=12, max_size=12),
)
def test_an_hour_is_read_back(
    station: Station,
    first_us: int,
    rain: list[int | None],
    levels: list[int | None],
) -> None:
    column = [math.nan if each is None else each / 10 for each in rain]
    column += [math.nan if each is None else each / 100 for each in levels]
    metrics = ["rainfall_interval"] * 12 + ["relative_water_level_1"] * 12
    times: list[int | None] = [
        first_us + n % 12 * 5 * instants.MINUTE for n in range(24)
    ]
    metrics.append("battery_voltage")
    message = Message(metrics, [*column, 12.4], [*times, first_us], 9, first_us)
    frame = encode.single(station, 0x34, encode.hourly(station, message))
    assert_same(told(Decoder().decode(frame, Context())), message)


@given(st.lists(st.integers(0, 600), min_size=12, max_size=12))
def test_rain_that_a_byte_cannot_hold_is_carried_on(tips: list[int]) -> None:
    station = Station("00000001", "P")
    times: list[int | None] = [BEGIN + n * 5 * instants.MINUTE for n in range(12)]
    amounts = [tip / 10 for tip in tips]
    message = Message(["rainfall_interval"] * 12, amounts, times, 1, BEGIN)
    frame = encode.single(station, 0x34, encode.hourly(station, message))
    read = told(Decoder().decode(frame, Context()))
    assert max(read.values) <= 25.4
    fits = sum(tips) <= sum(round(10 * value) for value in read.values)
    assert fits or read.values[-1] == 25.4


@given(STATIONS, st.integers(1, 65_535), MINUTES)
def test_heartbeat_text_and_picture(station: Station, seq: int, at_us: int) -> None:
    message = Message([], [], [], seq, at_us)
    beat = encode.single(station, 0x2F, encode.heartbeat(station, message))
    about = Decoder().decode(beat, Context("", BEGIN)).about
    assert (about["function"], about["serial"]) == ("2F", seq)
    entered = encode.single(station, 0x35, encode.text(station, message, "水位 1.2"))
    assert Decoder().decode(entered, Context()).about["text"] == "水位 1.2"
    jpeg = b"\xff\xd8 \x7e\x7e\x01\x03"
    body = encode.picture(station, message, at_us, jpeg)
    shown = Decoder().decode(encode.single(station, 0x36, body), Context())
    assert told(shown).events[0].body == jpeg


@pytest.mark.parametrize(
    ("metric", "value"), [("water_level", 1e9), ("co2", 1.0), ("ph", math.inf)]
)
def test_what_cannot_be_written(metric: str, value: float) -> None:
    message = Message([metric], [value], [BEGIN], 1, BEGIN)
    with pytest.raises(ValueError, match=r"fit|element|infinite"):
        encode.report(Station("00000001"), message)
