"""What the watch sees, as readings and as what is missing; the rules agree with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from parkpulse.model import rule, service_park
from parkpulse.model.definitions import Threshold
from parkpulse.model.metrics import METRICS
from parkpulse.notify import pulse, watch
from parkpulse.notify.pulse import Seen, Traces
from parkpulse.query import health as readiness
from parkpulse.store.health import Queues, Signs

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.notify.emergency import Part

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
WELL = Traces(Signs(2, None, None, notifiers=1, apis=2), Queues(1, 3, 2, 0), -0.25)


def seen(traces: Traces | None = WELL, **changes: object) -> Seen:
    given = {"at": NOW, "broker": True, "traces": traces, **changes}
    return Seen(**given)  # type: ignore[arg-type] # all are named


def test_all_that_is_seen_is_said() -> None:
    found = seen(disk=("low", 9.5), restarts=1)
    said = pulse.values(found, "node a", [NOW - timedelta(seconds=90)])
    assert said == {
        "host-node-a": {
            "broker_reachable": 1.0,
            "database_reachable": 1.0,
            "disk_state": 1.0,
            "disk_free_share": 9.5,
            "process_restarts": 1.0,
            "clock_offset": 0.25,
        },
        "ingest": {
            "processes_running": 1.0,
            "ingest_lag": 90.0,
            "messages_waiting": 3.0,
        },
        "engine": {"processes_running": 2.0, "batch_log_lag": 0.0},
        "notify": {
            "processes_running": 1.0,
            "outbox_age": 0.0,
            "messages_undelivered": 2.0,
            "messages_dead": 0.0,
        },
        "api": {"processes_running": 2.0},
    }
    registered = {
        each.code: {series.metric for series in each.series}
        for each in service_park.spec("node a").devices
    }
    assert registered == {device: set(of) for device, of in said.items()}


def test_what_is_not_known_is_not_said() -> None:
    assert pulse.values(seen(None, broker=False), "a", []) == {
        "host-a": {"broker_reachable": 0.0, "database_reachable": 0.0}
    }


@pytest.mark.parametrize(
    ("found", "parts"),
    [
        (seen(), set()),
        (seen(None), {"database"}),
        (seen(None, broker=False, disk=("full", 1.0)), {"database", "broker", "disk"}),
        (seen(disk=("low", 9.0)), set()),
        (seen(WELL._replace(signs=Signs(0, 301.0, 901.0, 0, 0))), {
            "engine", "notify", "backlog", "outbox",
        }),
        (seen(WELL._replace(queues=Queues(0, 0, 0, 0))), {"ingest"}),
    ],
)  # fmt: skip
def test_what_is_missing(found: Seen, parts: set[Part]) -> None:
    assert watch.missing(found) == parts


def test_rules_and_emergency_channel_judge_by_the_same_limits() -> None:
    levels = {
        each.definition.metric: [level.limit for level in each.definition.levels]
        for each in rule.shipped()
        if each.code.startswith("service-") and isinstance(each.definition, Threshold)
    }
    assert levels["batch_log_lag"] == [readiness.BEHIND_S, watch.BEHIND_S]
    assert levels["outbox_age"][-1] == watch.OVERDUE_S
    of_service = {name for name, each in METRICS.items() if each.group == "service"}
    assert set(levels) <= of_service
    told_by_others = {"disk_free_share", "messages_waiting", "messages_undelivered"}
    assert of_service - set(levels) == told_by_others


def test_restarts_of_the_last_hour_count(tmp_path: Path) -> None:
    file = tmp_path / service_park.RESTARTS
    assert pulse.restarts(file, NOW) is None
    file.write_text("")
    assert pulse.restarts(file, NOW) == 0
    lines = ["2026-11-23T03:59:59Z api", "2026-11-23T04:00:01Z engine", "", "broken"]
    file.write_text("\n".join([*lines, "2026-11-23T04:59:00Z api"]))
    assert pulse.restarts(file, NOW) == 2


@pytest.mark.parametrize("host", ["a", "节点", "n" * 80, "a/b#+"])
def test_any_host_has_a_code_that_may_stand_in_a_topic(host: str) -> None:
    made = service_park.spec(host)
    assert msgspec.convert(msgspec.to_builtins(made), type(made)) == made
