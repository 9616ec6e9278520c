"""Frames of SL 651 in streams, transfers in packets, confirmations."""

from __future__ import annotations

import pytest

from parkpulse.errors import DecodeError
from parkpulse.model import instants
from parkpulse.wire.context import Context
from parkpulse.wire.sl651 import decoder, draft, frame, transfers
from parkpulse.wire.sl651.decoder import Decoder
from parkpulse.wire.sl651.frame import Packet, Scan
from tests.unit.sl651_frames import (
    HEAD,
    OBSERVED,
    RECEIVED_US,
    STATION,
    framed,
    in_ascii,
    only,
    packet,
    read,
    values,
)

REPORT = framed(f"{HEAD}{STATION}{OBSERVED}38121244")
OTHER = framed(f"{HEAD}{STATION}{OBSERVED}38121130")
BODY = f"{HEAD}{STATION}{OBSERVED}F3F3FFD8FF0102030405"
PARTS = (BODY[:40], BODY[40:60], BODY[60:])
CONTEXT = Context("", RECEIVED_US)


def answered(reply: bytes) -> frame.Frame:
    (found,) = Scan(reply).found()
    return found.frame


def later(seconds: int) -> Context:
    return Context("", RECEIVED_US + seconds * instants.SECOND)


def part(address: bytes, number: int) -> frame.Frame:
    where = Packet(4095, number)
    data = bytes(60_000)
    return frame.Frame(
        frame.HEX,
        is_down=False,
        centre=1,
        address=address,
        password=b"",
        function=0x36,
        body=data,
        end=3,
        packet=where,
    )


def packets() -> list[bytes]:
    return [
        packet(1, 3, PARTS[0]),
        packet(2, 3, PARTS[1]),
        packet(3, 3, PARTS[2], "03"),
    ]


def test_rubbish_around_a_frame_is_told() -> None:
    telegram = read(b"\r\n~~~" + REPORT + b"AT+OK")
    assert values(telegram) == {"VT": 12.44}
    assert telegram.about["skipped_bytes"] == 10


@pytest.mark.parametrize("text", [REPORT.hex(), REPORT.hex(" ").upper() + "\r\n"])
def test_a_frame_as_hexadecimal_text(text: str) -> None:
    assert values(read(text.encode())) == {"VT": 12.44}
    with pytest.raises(DecodeError, match="bad_frame"):
        read(text.encode() + b"G")


def test_several_frames_in_one_payload() -> None:
    payload = REPORT + b"\0" + in_ascii(b"0003240109153000", "2F") + OTHER
    telegram = read(payload)
    assert [each.values for each in telegram.messages] == [[12.44], [11.3]]
    assert len(telegram.about["frames"]) == 3
    assert telegram.reply.count(b"\x7e\x7e") == 2
    pieces = decoder.split(payload)
    assert b"".join(pieces) == payload
    assert len(pieces) == 3


def test_a_broken_frame_between_whole_ones_is_refused_alone() -> None:
    broken = bytearray(REPORT)
    broken[30] ^= 1
    telegram = read(REPORT + bytes(broken) + OTHER)
    assert [each.values for each in telegram.messages] == [[12.44], [11.3]]
    assert [each.reason for each in telegram.messages[0].refused] == ["bad_crc"]
    assert telegram.about["skipped_bytes"] == len(REPORT)


def test_a_start_within_the_data_is_no_frame() -> None:
    body = f"{HEAD}{STATION}{OBSERVED}F3F37E7E7E7E00017E7E7E"
    telegram = read(framed(body, "36"))
    assert len(only(telegram).events[0].body) == 9


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"hello",
        b"\x7e\x7e",
        b"\x01",
        REPORT[:-1],
        REPORT[:13],
        b"\x01" + b"G" * 40,
        b"\x7e" * 500,
        b"\x01" * 500,
        REPORT.replace(b"\x02\x00\x07", b"\x04\x00\x07", 1),
        framed("00072401", "32"),
    ],
)
def test_what_is_no_frame(payload: bytes) -> None:
    with pytest.raises(DecodeError, match="bad_frame"):
        read(payload)


def test_frames_within_frames_do_not_take_for_ever() -> None:
    # Every 14 bytes a header that claims all the rest, and an end where it should be.
    head = bytes.fromhex("7E7E0100112233441234320FFF02")
    payload = (head * 20_000)[: decoder.MAXIMUM_BYTES]
    scan = Scan(payload)
    assert not list(scan.found())
    with pytest.raises(DecodeError, match="bad_frame"):
        read(payload)


@pytest.mark.parametrize("unit", [b"\x01", b"\x7e", b"\x12\x02\x10\x01"])
def test_starts_without_frames_cost_their_share(unit: bytes) -> None:
    scan = Scan(unit * (decoder.MAXIMUM_BYTES // len(unit)))
    assert not list(scan.found())
    assert scan.looked_at <= decoder.MAXIMUM_BYTES // 4 + 4 * frame.LONGEST_BODY


def test_a_payload_that_is_too_large() -> None:
    with pytest.raises(DecodeError, match="too_large"):
        read(REPORT + bytes(decoder.MAXIMUM_BYTES))


def test_the_length_of_a_packet_counts_sixteen_bits() -> None:
    picture = f"{HEAD}{STATION}{OBSERVED}F3F3" + "AA" * 0x9000
    assert len(only(read(packet(1, 1, picture, "03"))).events[0].body) == 0x9000


def test_the_length_of_a_packet_may_have_a_direction_all_the_same() -> None:
    reply = bytearray(read(packet(1, 1, BODY, "03")).reply)
    assert reply[11:13] == b"\x00\x0b"
    reply[11] |= 0x80
    reply[-2:] = frame.crc16(bytes(reply[:-2])).to_bytes(2)
    assert read(bytes(reply)).about["direction"] == "down"


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (0, 0, 1, 1, 2)])
def test_a_transfer_is_read_when_its_last_packet_has_come(
    order: tuple[int, ...],
) -> None:
    reader = Decoder()
    *first, last = [reader.decode(packets()[index], CONTEXT) for index in order]
    assert all(each.awaits and not each.messages for each in first)
    assert not last.awaits
    assert only(last).events[0].body == bytes.fromhex("FFD8FF0102030405")
    reply = answered(last.reply)
    assert (reply.end, reply.packet) == (frame.EOT, Packet(3, 3))
    assert reply.body.hex().startswith("0007")


def test_missing_packets_are_asked_for_one_by_one() -> None:
    reader = Decoder()
    reader.decode(packets()[0], CONTEXT)
    asked = reader.decode(packets()[2], CONTEXT)
    assert asked.awaits
    assert asked.about["packets"] == {"total": 3, "number": 3, "missing": 2}
    reply = answered(asked.reply)
    assert (reply.is_down, reply.end) == (True, frame.NAK)
    assert reply.packet == Packet(3, 2)
    again = reader.decode(packet(2, 3, PARTS[1], "03"), CONTEXT)
    assert only(again).events


def test_a_packet_that_comes_again_gives_the_whole_again() -> None:
    reader = Decoder()
    for data in packets():
        reader.decode(data, CONTEXT)
    again = reader.decode(packets()[1], later(30))
    assert only(again).events
    assert again.reply


def test_a_new_transfer_drives_out_the_old() -> None:
    reader = Decoder()
    reader.decode(packets()[1], CONTEXT)
    reader.decode(packet(1, 2, PARTS[0]), CONTEXT)
    ended = reader.decode(packet(2, 2, PARTS[1] + PARTS[2], "03"), CONTEXT)
    assert only(ended).events
    reader.decode(packet(1, 2, PARTS[0].replace("0007", "0008", 1)), CONTEXT)
    other = reader.decode(packet(2, 2, PARTS[1] + PARTS[2], "03"), CONTEXT)
    assert other.about["serial"] == 8


def test_a_transfer_that_rests_too_long_is_dropped() -> None:
    reader = Decoder()
    for data in packets()[:2]:
        reader.decode(data, CONTEXT)
    asked = reader.decode(packets()[2], later(601))
    assert asked.about["packets"]["missing"] == 1


def test_transfers_take_bounded_memory() -> None:
    held = transfers.Transfers()
    for number in range(2000):
        held.add(part(number.to_bytes(5), 1), RECEIVED_US)
    assert len(held) <= transfers.MAXIMUM_TRANSFERS
    assert 0 < held.size <= transfers.MAXIMUM_BYTES


def test_one_transfer_cannot_take_all_memory() -> None:
    held = transfers.Transfers()
    fitting = transfers.MAXIMUM_TRANSFER // 60_200
    for number in range(1, fitting + 1):
        held.add(part(b"", number), RECEIVED_US)
    with pytest.raises(DecodeError, match="too_large"):
        held.add(part(b"", fitting + 1), RECEIVED_US)
    assert held.size == 0


def test_a_message_with_too_many_values_is_cut() -> None:
    count = draft.MAXIMUM_VALUES + 1
    body = f"{HEAD}{STATION}{OBSERVED}04180000012108" + "01" * count
    message = only(read(framed(f"001001{body}", "31", "03", "16")))
    assert len(message.values) == draft.MAXIMUM_VALUES
    assert [each.reason for each in message.refused] == ["too_large"]


@pytest.mark.parametrize(
    ("end", "option", "wanted"),
    [
        ("03", "eot", frame.EOT),
        ("03", "esc", frame.ESC),
        ("17", "eot", frame.ACK),
    ],
)
def test_how_a_message_is_confirmed(end: str, option: str, wanted: int) -> None:
    data = framed(f"{HEAD}{STATION}{OBSERVED}38121244", "33", end)
    reply = answered(read(data, confirm=option).reply)
    assert (reply.end, reply.function, reply.is_down) == (wanted, 0x33, True)
    assert reply.address.hex() == "0011223344"
    assert reply.password.hex() == "1234"
    assert reply.body.hex() == "0007" + "240109160000"


def test_who_is_not_answered() -> None:
    assert not read(REPORT, confirm="none").reply
    assert not read(framed(HEAD, "2F")).reply
    assert not Decoder().decode(REPORT, Context()).reply
    down = read(read(REPORT).reply)
    assert not down.reply
    assert not down.messages
    assert down.about["end_name"] == "EOT"


def test_an_ascii_station_is_answered_in_ascii() -> None:
    data = in_ascii(b"0007240109153500ST 0011223344 H TT 2401091535 Z 1.2 ")
    reply = read(data).reply
    assert reply.startswith(b"\x01001122334401123432")
    assert answered(reply).body == b"0007240109160000"
