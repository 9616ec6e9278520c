"""Simulated devices in other formats: read back, they say the same."""

from __future__ import annotations

import pytest

from parkpulse.errors import ConfigError
from parkpulse.wire import formats
from parkpulse.wire.context import Context
from simulators.scenario import document, encoders
from simulators.scenario.park import Park

TEXT = """
name = { zh = "试", en = "try" }
about = { zh = "试", en = "try" }
start = 2026-06-01T08:00:00+08:00
duration_h = 2

[devices]
rain_gauge = 1
water_level = 2
flow_meter = 1
soil_moisture = 1
tunnel_controller = 1
[data_centre]
"""
HEALTH = {"battery_voltage", "rsrp", "snr"}
Said = dict[tuple[str, str], list[float]]


def said(format_name: str, text: str = TEXT) -> tuple[Said, set[str]]:
    """All values by device and metric in the order of sending; and the formats."""
    park = Park(document.read(text, "test"), "p", 7, format_name=format_name)
    decoders = {name: each.make() for name, each in formats.FORMATS.items()}
    found: Said = {}
    spoken = set()
    for block in park.blocks():
        for at, topic, payload in zip(
            block.at_ms.tolist(), block.topics, block.payloads, strict=True
        ):
            levels = topic.split("/")
            is_foreign = levels[0] == "spBv1.0"
            name = levels[5] if levels[4:5] == ["raw"] else "native"
            name = "sparkplug" if is_foreign else name
            spoken.add(name)
            telegram = decoders[name].decode(payload, Context(topic, at * 1000))
            (message,) = telegram.messages
            if name not in {"native", "sl651"}:
                assert message.device == levels[3]
            for metric, value, ts_us in zip(
                message.metrics, message.values, message.ts_us, strict=True
            ):
                assert ts_us is not None
                if metric not in HEALTH:
                    found.setdefault((levels[3], metric), []).append(value)
    return found, spoken


@pytest.mark.parametrize("name", encoders.NAMES)
def test_every_format_says_the_same(name: str) -> None:
    native, _ = said("native")
    found, spoken = said(name)
    assert name.partition("-")[0] in spoken
    assert found.keys() == native.keys()
    for key, values in native.items():
        # SL 651 has fewer decimals of a flow.
        assert found[key] == pytest.approx(values, abs=6e-3), key


def test_many_samples_of_a_platform_are_sent_natively() -> None:
    text = TEXT.replace("[devices]", "samples_per_message = 3\n[devices]")
    _, spoken = said("ctwing", text)
    assert spoken == {"native"}
    _, spoken = said("senml", text)
    assert spoken == {"senml"}


def test_what_a_format_lacks_is_told() -> None:
    park = Park(document.read(TEXT, "test"), "p", 7, format_name="sl651")
    assert park.natives == [
        "soil_moisture",
        "tunnel_controller",
        "energy_meter",
        "energy_contract",
    ]


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"speak native, sl651.* not 'morse'"):
        Park(document.read(TEXT, "test"), "p", 7, format_name="morse")
