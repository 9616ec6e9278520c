"""The publisher against a real Mosquitto, also one that goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parkpulse import bus
from parkpulse.bus.hearing import Heard, Hearing
from parkpulse.errors import BrokerError
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugins.fix_listener import Listener
    from tests.plugins.fix_proxy import Proxy
    from tests.plugins.fix_services import BrokerServer

TOPIC = "parkpulse/v1/demo/level-1/telemetry"


def through(proxied: Proxy, url: str) -> str:
    head, _, _ = url.rpartition(":")
    return f"{head}:{proxied.port}"


def test_every_message_gets_its_answer(
    broker: BrokerServer, listener: Listener
) -> None:
    with bus.Publisher(broker.url, window=50) as publisher:
        receipts = [publisher.publish(TOPIC, b"%d" % n) for n in range(1000)]
        publisher.wait_acknowledged(20)
    assert {receipt.state for receipt in receipts} == {bus.State.TAKEN}
    wait_until(lambda: len(listener.messages) == 1000)
    assert listener.payloads() == [b"%d" % n for n in range(1000)]


def test_nobody_subscribed_is_told(broker: BrokerServer) -> None:
    with bus.Publisher(broker.url) as publisher:
        receipt = publisher.publish(TOPIC, b"{}")
        assert publisher.wait(receipt, 10) is bus.State.UNMATCHED


def test_window_bounds_what_is_out(
    broker: BrokerServer, proxy: Callable[[int], Proxy]
) -> None:
    cuttable = proxy(broker.port)
    url = through(cuttable, broker.url)
    with bus.Publisher(url, window=5, patience_s=0.2) as publisher:
        cuttable.freeze()
        for _ in range(5):
            publisher.publish(TOPIC, b"{}")
        with pytest.raises(BrokerError, match="acknowledged nothing"):
            publisher.publish(TOPIC, b"{}")
        with pytest.raises(BrokerError, match="not acknowledged 5 messages"):
            publisher.wait_acknowledged(0.1)
        cuttable.heal()
        publisher.wait_acknowledged(10)


def test_a_cut_connection_is_taken_up_again(
    broker: BrokerServer, listener: Listener, proxy: Callable[[int], Proxy]
) -> None:
    cuttable = proxy(broker.port)
    with bus.Publisher(through(cuttable, broker.url)) as publisher:
        before = [publisher.publish(TOPIC, b"a%d" % n) for n in range(100)]
        cuttable.cut()
        wait_until(lambda: not publisher.connected)
        meanwhile = [publisher.publish(TOPIC, b"b%d" % n) for n in range(100)]
        assert {receipt.state for receipt in meanwhile} == {bus.State.PENDING}
        cuttable.heal()
        publisher.wait_acknowledged(20)
        assert publisher.pending == 0
    assert {each.state for each in before + meanwhile} == {bus.State.TAKEN}
    # At least once: what was cut off before its answer may have come twice.
    wait_until(lambda: len(set(listener.payloads())) == 200)


def test_a_restarted_broker_gets_the_rest(broker: BrokerServer) -> None:
    with bus.Publisher(broker.url) as publisher:
        broker.stop()
        wait_until(lambda: not publisher.connected)
        receipt = publisher.publish(TOPIC, b"{}")
        broker.start()
        assert publisher.wait(receipt, 20) is bus.State.UNMATCHED


def test_a_missing_broker_is_one_sentence(broker: BrokerServer) -> None:
    broker.stop()
    with pytest.raises(
        BrokerError, match=r"^the MQTT broker at 127.*cannot be reached"
    ):
        bus.Publisher(broker.url).open()


def test_a_wrong_password_is_one_sentence(broker: BrokerServer) -> None:
    url = f"mqtt://parkpulse:wrong@127.0.0.1:{broker.port}"
    with pytest.raises(BrokerError, match="refuses: Not authorized"):
        bus.Publisher(url).open()


def test_a_topic_with_a_wildcard_is_refused(broker: BrokerServer) -> None:
    with bus.Publisher(broker.url, window=1) as publisher:
        with pytest.raises(BrokerError, match="cannot be published"):
            publisher.publish("parkpulse/#", b"{}")
        publisher.publish(TOPIC, b"{}")
        publisher.wait_acknowledged(10)


def test_a_device_hears_what_it_is_told_and_answers(
    broker: BrokerServer, listener: Listener
) -> None:
    topic = "parkpulse/v1/demo/pump/down"
    with (
        Hearing(broker.url, [topic], window=5) as device,
        bus.Publisher(broker.url) as other,
    ):
        found: list[Heard] = []

        def hears() -> bool:
            other.publish(topic, b"start")
            found.extend(device.heard())
            return bool(found)

        wait_until(hears)
        assert found[0] == Heard(topic, b"start")
        device.publish(f"{topic}/ack", b"done")
        device.wait_acknowledged(10)
    wait_until(lambda: b"done" in listener.payloads())
