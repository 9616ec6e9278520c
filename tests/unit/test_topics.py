"""Topics of devices."""

from __future__ import annotations

import pytest

from ingest import topics
from parkpulse.errors import DecodeError


def test_a_telemetry_topic_names_park_and_device() -> None:
    found = topics.parse("parkpulse/v1/park-1/dev:7._A/telemetry")
    assert found == topics.Address("park-1", "dev:7._A", "native")


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("", "bad_topic"),
        ("parkpulse", "bad_topic"),
        ("parkpulse/v1/", "bad_topic"),
        ("parkpulse/v2/a/b/telemetry", "bad_topic"),
        ("parkpulse/v1/a/b/telemetry/x", "bad_topic"),
        ("parkpulse/v1//b/telemetry", "bad_topic"),
        ("parkpulse/v1/a//telemetry", "bad_topic"),
        ("parkpulse/v1/a/b/", "bad_topic"),
        ("/parkpulse/v1/a/b/telemetry", "bad_topic"),
        ("parkpulse/v1/a/b\n/telemetry", "bad_topic"),
        ("parkpulse/v1/a/ｂ/telemetry", "bad_topic"),  # a wide b
        ("parkpulse/v1/a/b/down", "bad_topic"),
        ("parkpulse/v1/a/b/raw", "bad_topic"),
        ("parkpulse/v1/a/b/raw/", "bad_topic"),
        ("parkpulse/v1/a/b/raw/semaphore", "unknown_format"),
        ("parkpulse/v1/a/b/raw/profile:none", "unknown_format"),
    ],
)
def test_other_topics_are_refused(topic: str, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        topics.parse(topic)
    assert caught.value.reason == reason


@pytest.mark.parametrize("name", ["sl651", "senml", "profile:tasmota"])
def test_a_raw_topic_names_the_format(name: str) -> None:
    found = topics.parse(f"parkpulse/v1/a/b/raw/{name}")
    assert found == topics.Address("a", "b", name)


def test_a_pushed_message_names_its_account() -> None:
    assert topics.pushed("parkpulse/v1/push/ctwing/acc-1") == ("ctwing", "acc-1")
    assert topics.pushed("parkpulse/v1/a/b/telemetry") is None
    for wrong in ("parkpulse/v1/push/ctwing/", "parkpulse/v1/push/x/acc"):
        with pytest.raises(DecodeError):
            topics.pushed(wrong)


def test_a_reply_goes_where_the_device_listens() -> None:
    address = topics.Address("a", "b", "sl651")
    assert topics.down(address, "parkpulse/v1/a/b/raw/sl651") == "parkpulse/v1/a/b/down"
    assert topics.down(address, "field/b/up") is None


@pytest.mark.parametrize(
    ("topic", "is_ours"),
    [
        ("parkpulse/v1/a/b/down", True),
        ("parkpulse/v1/a/b/down/ack", False),
        ("parkpulse/v1/a/b/c/down", False),
        ("parkpulse/v1/a/b/telemetry", False),
        ("spBv1.0/STATE/parkpulse", True),
        ("spBv1.0/park/NCMD/gw", True),
        ("spBv1.0/park/NDATA/gw", False),
        ("spBv1.0/", False),
    ],
)
def test_commands_to_devices_are_ours(topic: str, *, is_ours: bool) -> None:
    assert topics.is_ours(topic) is is_ours
