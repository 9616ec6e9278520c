"""Unknown input for every decoder: mutations that know its structure.

`python -m tests.fuzzing --inputs 1000000` runs it alone, within bounded memory.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from parkpulse.errors import DecodeError
from parkpulse.model.message import MISSING
from parkpulse.wire import commands, formats, profiles, telling
from parkpulse.wire.context import Context
from parkpulse.wire.sl651 import frame

if TYPE_CHECKING:
    from parkpulse.model.message import Telegram
    from parkpulse.wire.context import Decoder

DATA = Path(__file__).parent / "data"
MEMORY_BYTES = 2 * 1024**3
"""Address space of the process that runs alone; native libraries take half a GiB."""
SLOWEST_S = 5.0
"""CPU time of one input beyond which its time is not bounded."""
_LONGEST = 300_000
_RECEIVED_US = 1_700_000_000_000_000
_FRESH_EVERY = 500


class Seed(NamedTuple):
    """A message that a decoder reads, or nearly."""

    format: str
    payload: bytes
    topic: str = ""


@dataclass
class Result:
    """What became of all inputs."""

    inputs: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0


NATIVE = {
    "seq": 17,
    "sent": 1764000000000,
    "samples": [
        {"ts": "2025-11-24T16:00:00Z", "values": {"water_level": 1.21, "rsrp": -97}}
    ],
    "radio": {"battery_voltage": 3.6},
    "units": {"water_level": "cm"},
}
PROFILED = (
    Seed("profile:eastron-json", b'{"id":"m1","ts":1700000000,"Power":5,"Import":7.1}'),
    Seed(
        "profile:shelly-em",
        b'{"src":"em-1","params":{"ts":1700000000.5,"em:0":{"total_act_power":5.1}}}',
    ),
    Seed(
        "profile:shelly-em1",
        b'{"src":"em-1","params":{"ts":1700000000.5,"em1:0":{"act_power":5.1}}}',
    ),
    Seed(
        "profile:nb-water-level",
        bytes.fromhex("5701")
        + b"860000000000017"
        + bytes.fromhex("6553F1000E10FC3605003C02" + "000004D20000" * 2),
    ),
    Seed(
        "profile:nb-rain-gauge",
        bytes.fromhex("5201")
        + b"860000000000017"
        + bytes.fromhex("6553F1000E10FC3605003C02" + "000004D2" * 2),
    ),
)
ELSE = (
    b'{"Time":"2024-01-09T15:35:00","ENERGY":{"Total":6.294,"Power":[1,2]}}',
    b'{"em:0":{"a_act_power":5.1,"total_act":7},"ts":1764000000.5}',
    bytes(range(64)),
)
BOMBS = (
    b"[" * 200_000,
    b'{"a":' * 50_000,
    b'[{"n":"a","v":' + b"9" * 100_000 + b"}]",
    b'{"seq":1e999999999}',
    b"\x81" * 100_000,
    b"\xa1\x00" * 50_000,
    b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x5b\x00\x00\x00\xff\xff\xff\xff\xff",
    b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xc4\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xc2\x5a\x00\x01\x00\x00" + b"\xff" * 65_536,
    b"\xd8\x1d\x00" * 1000,
    b"\x9f" * 50_000,
    b"\x12\xff\xff\xff\xff\x07" + b"\x00" * 100,
    b"\x12\x02\x10\x01" * 60_000,
    b"\x0b" * 100_000,
    b"\x7e" * 200_000,
    b"\x01" * 200_000,
    b"[" + b"0," * 100_000 + b"0]",
    b"[" + b"{}," * 60_000 + b"{}]",
    b'{"data":[' + b"0," * 100_000 + b"0]}",
    bytes.fromhex("7E7E0100112233441234320FFF02") * 15_000,
)
"""Inputs that are small but would grow, nest or take for ever."""


def _vectors(name: str) -> list[dict[str, Any]]:
    text = (DATA / f"{name}_vectors.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def seeds() -> dict[str, list[Seed]]:
    """Seeds of every format that there is, by format."""
    found = [Seed("native", json.dumps(NATIVE).encode())]
    found += [Seed("sl651", bytes.fromhex(each["hex"])) for each in _vectors("sl651")]
    for each in _vectors("senml"):
        binary = bytes.fromhex(each.get("hex", ""))
        found.append(Seed("senml", binary or json.dumps(each["pack"]).encode()))
    for each in _vectors("sparkplug"):
        if "hex" in each:
            payload = bytes.fromhex(each["hex"])
            found.append(Seed("sparkplug", payload, each["topic"]))
    found.append(Seed("sparkplug", b'{"online":true}', "spBv1.0/STATE/host"))
    for each in _vectors("platforms"):
        platform = each["id"].split("-")[0].replace("huawei", "iotda")
        found.append(Seed(platform, json.dumps(each["body"]).encode()))
    found += PROFILED
    found.append(Seed("command_ack", commands.answer(str(UUID(int=7)), "confirmed")))
    names = [*formats.FORMATS, *(f"profile:{name}" for name in profiles.names())]
    by_format: dict[str, list[Seed]] = {
        name: [each for each in found if each.format == name] for name in names
    }
    for name, known in by_format.items():
        topic = known[0].topic if known else ""
        known.extend(Seed(name, payload, topic) for payload in ELSE)
    return by_format


# Mutations


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 1, 2, 8))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _poke(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    new = rng.choice((b"\0", b"\xff", b"\x7f", b"\x80", b"\xff" * 4, b"\0" * 8, b"~~"))
    return data[:at] + new + data[at + rng.choice((0, len(new))) :]


def _cut(rng: random.Random, data: bytes) -> bytes:
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return rng.choice((data[:first], data[first:last], data[:first] + data[last:]))


def _repeat(rng: random.Random, data: bytes) -> bytes:
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    times = rng.choice((2, 2, 3, 3, 10, 10, 10, 500))
    return (data[:first] + data[first:last] * times + data[last:])[:_LONGEST]


def _noise(rng: random.Random, data: bytes) -> bytes:
    return rng.randbytes(rng.randrange(len(data) * 2 + 2))


WEIRD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**63,
    -(2**63) - 1,
    10**400,
    1e308,
    float("nan"),
    float("-inf"),
    "",
    "NaN",
    "0",
    "2024-13-45T99:99:99Z",
    "0001-01-01T00:00:00+23:59",
    "\ud800",
    "\0",
    "x" * 5000,
    [],
    {},
    [[[[[[]]]]]],
    {"": {"": {"": 0}}},
    [0] * 300,
)


def _json(rng: random.Random, data: bytes) -> bytes:
    """Change a JSON document somewhere within."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return _flip(rng, data)
    root = [document]
    at: Any = root
    key: Any = 0
    while isinstance(at[key], dict | list) and at[key] and rng.random() < 0.8:
        at = at[key]
        keys = list(at) if isinstance(at, dict) else range(len(at))
        key = rng.choice(keys)
    action = rng.randrange(4)
    if action == 0 and at is not root:
        del at[key]
    elif action == 1 and isinstance(at, dict):
        at[rng.choice(("", "bn", "n", "t", "v", "id", "x_", "é", key))] = at[key]
    else:
        at[key] = rng.choice(WEIRD)
    return json.dumps(root[0] if root else None).encode("utf-8", "surrogatepass")


def _frame(rng: random.Random, data: bytes) -> bytes:
    """Change the inside of a frame of SL 651 and give it the right length and CRC."""
    found = next(frame.Scan(data, accepts_bad_crc=True).found(), None)
    if found is None:
        return _flip(rng, data)
    old = found.frame
    body = rng.choice((_flip, _poke, _cut, _repeat, _noise))(rng, old.body)
    packet = None
    if rng.random() < 0.2:
        total = rng.choice((1, 2, 3, 4095))
        packet = frame.Packet(total, rng.randint(1, min(total, 4)))
    changed = replace(
        old,
        function=rng.choice((old.function, old.function, rng.randrange(256))),
        body=body[: frame.LONGEST_BODY - 6],
        end=rng.choice((old.end, *frame.END_NAMES)),
        packet=packet,
    )
    return frame.build(changed)


Mutation = Callable[[random.Random, bytes], bytes]
PLAIN: tuple[Mutation, ...] = (_flip, _flip, _poke, _cut, _repeat, _noise)
OPTIONS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"crc": "accept"},
    {"crc": "accept", "hour_time": "last_valid", "level_base_1": "3.5"},
    {"confirm": "esc", "hour_time": "last"},
    {"crc": "?"},
)


def mutated(rng: random.Random, known: list[Seed]) -> Seed:
    """A seed with one to four changes."""
    seed = rng.choice(known)
    payload = seed.payload
    own: Mutation = _frame if seed.format == "sl651" else _json
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        mutation = own if rng.random() < 0.6 else rng.choice(PLAIN)
        payload = mutation(rng, payload)[:_LONGEST]
    if rng.random() < 0.05:
        payload += rng.choice(known).payload
    topic = seed.topic
    if rng.random() < 0.2:
        topic = rng.choice(("", "a/b", "spBv1.0/g/DDATA/e", "spBv1.0//////", "é/#"))
    return Seed(seed.format, payload, topic)


# What must hold


def check(telegram: Telegram, context: Context) -> None:
    """What every telegram promises, whatever came in."""
    for message in telegram.messages:
        count = len(message.values)
        assert len(message.metrics) == len(message.ts_us) == count
        assert len(message.sources) in {0, count}
        assert len(message.quality) in {0, count}
        for index, value in enumerate(message.values):
            is_missing = bool(message.quality) and message.quality[index] == MISSING
            assert is_missing or abs(value) < float("inf"), value
    json.dumps(telling.as_json(telegram, context), allow_nan=False)


class Fuzzer:
    """Feeds decoders, keeps their state for a while, and counts what they say."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - a repeatable stream
        self.seeds = seeds()
        self._decoders: dict[str, Decoder] = {}
        self.result = Result()

    def run(self, inputs: int) -> Result:
        """Feed the bombs to every decoder, then mutations in turn."""
        for name in self.seeds:
            for bomb in BOMBS:
                self.feed(Seed(name, bomb))
        names = list(self.seeds)
        for index in range(inputs - self.result.inputs):
            known = self.seeds[names[index % len(names)]]
            self.feed(mutated(self._rng, known))
        return self.result

    def feed(self, seed: Seed) -> None:
        """Decode one input; what is neither telegram nor DecodeError comes out."""
        self.result.inputs += 1
        if not self.result.inputs % _FRESH_EVERY:
            self._decoders.clear()
        decoder = self._decoders.get(seed.format)
        if decoder is None:
            decoder = self._decoders[seed.format] = formats.find(seed.format).make()
        context = Context(seed.topic, _RECEIVED_US, self._rng.choice(OPTIONS))
        before_s = time.process_time()
        try:
            check(decoder.decode(seed.payload, context), context)
        except DecodeError as error:
            self.result.refused[seed.format] += 1
            self.result.reasons[error.reason] += 1
        except BaseException as error:
            shown = f"{seed.format} {seed.topic!r} {context.options}"
            error.add_note(f"{shown} {seed.payload[:4000].hex()}")
            raise
        else:
            self.result.accepted[seed.format] += 1
        took_s = time.process_time() - before_s
        self.result.slowest_s = max(self.result.slowest_s, took_s)
        assert took_s < SLOWEST_S, f"{took_s} s: {seed.format} {seed.payload[:200]!r}"


def main() -> None:
    """Run alone and print what became of the inputs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    result = Fuzzer(chosen.seed).run(chosen.inputs)
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**vars(result), "peak_kib": peak_kib}))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
