"""A scenario that somebody in training starts, with a real database and broker."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from parkpulse.errors import ConfigError, IllegalTransitionError
from parkpulse.store import parks, pool
from simulators.scenario.training import Training
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.fix_listener import Listener
    from tests.plugins.fix_services import BrokerServer

NOW = datetime(2026, 6, 1, 8, 30, tzinfo=UTC)


def test_one_at_a_time_in_a_park_of_its_own(
    database_url: str, broker: BrokerServer, listener: Listener, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "PARKPULSE_DATABASE_URL": database_url,
        "PARKPULSE_MQTT_URL": broker.url,
    }
    training = Training(tmp_path / "training", environment)
    with pytest.raises(ConfigError, match="there is no scenario 'comet'"):
        training.start("comet", speed=60, now=NOW)
    session = training.start("tunnel-gas-leak", speed=600, now=NOW)
    assert session.park == "training-tunnel-gas-leak-20260601083000"
    with pytest.raises(IllegalTransitionError, match="running tunnel-gas-leak"):
        training.start("quiet-week", speed=60, now=NOW)
    wait_until(lambda: len(listener.messages) > 20, 60)
    assert {topic.split("/")[2] for topic, _ in listener.messages} == {session.park}
    with pool.connect(database_url) as connection:
        (row,) = parks.parks(connection)
    assert (row.code, row.simulated, row.clock) == (session.park, True, "data")
    assert json.loads(session.truth.read_bytes())["park"] == session.park
    training.stop()
    assert training.running is None
    training.stop()
