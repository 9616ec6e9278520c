"""Publishing in bulk, against a real Mosquitto, also one that goes away."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from parkpulse.bus.bulk import BulkPublisher
from parkpulse.errors import BrokerError
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugins.fix_listener import Listener
    from tests.plugins.fix_proxy import Proxy
    from tests.plugins.fix_services import BrokerServer

TOPICS = [f"parkpulse/v1/demo/level-{n % 7}/telemetry" for n in range(30_000)]
PAYLOADS = [b"%d " % n * (1 + n % 40) for n in range(30_000)]


def through(proxied: Proxy, url: str) -> str:
    head, _, _ = url.rpartition(":")
    return f"{head}:{proxied.port}"


def test_every_message_arrives_in_order(
    broker: BrokerServer, listener: Listener
) -> None:
    with BulkPublisher(broker.url, window=5000) as publisher:
        publisher.publish(TOPICS, PAYLOADS)
        publisher.finish()
        assert publisher.acknowledged == 30_000
    wait_until(lambda: len(listener.messages) == 30_000, 30)
    assert listener.payloads() == PAYLOADS
    assert [topic for topic, _ in listener.messages] == TOPICS


def test_nobody_subscribed_is_counted(broker: BrokerServer) -> None:
    with BulkPublisher(broker.url) as publisher:
        publisher.publish(TOPICS[:10], PAYLOADS[:10])
        publisher.finish()
        assert publisher.unmatched == 10
        assert publisher.acknowledged == 0


def test_a_cut_connection_is_taken_up_again(
    broker: BrokerServer, listener: Listener, proxy: Callable[[int], Proxy]
) -> None:
    cuttable = proxy(broker.port)
    with BulkPublisher(through(cuttable, broker.url), window=1000) as publisher:
        for start in range(0, 10_000, 1000):
            publisher.publish(
                TOPICS[start : start + 1000], PAYLOADS[start : start + 1000]
            )
            if start == 5000:
                cuttable.cut()
                threading.Timer(0.2, cuttable.heal).start()
        publisher.finish()
        assert publisher.acknowledged == 10_000
    wait_until(lambda: len(set(listener.payloads())) == 10_000)
    # None is lost; what had no answer came once more.
    assert set(listener.payloads()) == set(PAYLOADS[:10_000])


def test_a_broker_that_says_nothing_is_given_up(
    broker: BrokerServer, proxy: Callable[[int], Proxy]
) -> None:
    cuttable = proxy(broker.port)
    url = through(cuttable, broker.url)
    with BulkPublisher(url, patience_s=0.3) as publisher:
        cuttable.freeze()
        publisher.publish(TOPICS[:10], PAYLOADS[:10])
        with pytest.raises(BrokerError, match="acknowledged nothing"):
            publisher.finish()


def test_a_broker_that_is_not_there_is_named(broker: BrokerServer) -> None:
    broker.stop()
    with (
        pytest.raises(BrokerError, match="cannot be reached"),
        BulkPublisher(broker.url),
    ):
        pass


def test_a_wrong_password_is_refused(broker: BrokerServer) -> None:
    _, _, place = broker.url.rpartition("@")
    with (
        pytest.raises(BrokerError, match="refuses"),
        BulkPublisher(f"mqtt://nobody:wrong@{place}"),
    ):
        pass
