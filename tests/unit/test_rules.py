"""Rules: what may be written, what is shipped, and where a rule holds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from analytics import tunnel
from parkpulse.model import rule
from parkpulse.model.definitions import Composition, Definition
from parkpulse.model.metrics import METRICS
from parkpulse.model.registry import Name
from parkpulse.model.rule import Level, Place, RuleSpec, Scope, StoredRule, Threshold

GOOD: dict[str, Any] = {
    "kind": "threshold",
    "metric": "water_level",
    "direction": "above",
    "levels": [{"severity": "medium", "limit": 1.0}, {"severity": "high", "limit": 2}],
}


def test_a_rule_survives_its_own_json() -> None:
    threshold = msgspec.convert(GOOD, Threshold)
    text = msgspec.json.encode(threshold)
    assert msgspec.json.decode(text, type=Threshold) == threshold


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "nonsense"},
        {"metric": "active_energy_import"},
        {"direction": "sideways"},
        {"levels": []},
        {"levels": [{"severity": "high", "limit": 1}, {"severity": "low", "limit": 2}]},
        {"levels": [{"severity": "low", "limit": 2}, {"severity": "high", "limit": 1}]},
        {"levels": [{"severity": "low", "limit": 1}, {"severity": "low", "limit": 2}]},
        {"direction": "below"},
        {"levels": [{"severity": "low", "limit": "1"}]},
        {"deadband": -0.1},
        {"on_delay_s": -1},
        {"off_delay_s": 8 * 86400},
        {"kind": "rate"},
        {"unknown": 1},
        {"scope": {"place_kinds": ["moon"]}},
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**GOOD, **changes}, Threshold)


@pytest.mark.parametrize("limit", [float("nan"), float("inf")])
def test_limits_are_finite(limit: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Threshold(metric="water_level", direction="above", levels=[Level("low", limit)])


def test_shipped_rules_name_their_sources_and_stay_within_what_sensors_say() -> None:
    shipped = rule.shipped()
    assert len({each.code for each in shipped}) == len(shipped) >= 10
    for each in shipped:
        assert each.source
        assert any("\u4e00" <= sign <= "\u9fff" for sign in each.source_zh)
        assert each.name.zh
        assert each.name.en
        assert each.enabled
        if isinstance(each.definition, Threshold):
            metric = METRICS[each.definition.metric]
            for level in each.definition.levels:
                assert metric.minimum <= level.limit <= metric.maximum, each.code


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("tunnel-oxygen-low", [19.5, 18.0]),
        ("tunnel-oxygen-high", [23.5]),
        ("tunnel-methane", [1.0, 1.25]),
        ("tunnel-hydrogen-sulfide", [10.0, 20.0]),
        ("tunnel-temperature-high", [40.0, 50.0]),
        ("waterlogging-depth", [0.15, 0.27, 0.40, 0.60]),
        ("battery-voltage", [3.2]),
        ("rainstorm-counter", [50.0, 50.0, 50.0, 100.0]),
        ("rainstorm-interval", [50.0, 50.0, 50.0, 100.0]),
        ("device-silent", [2.5, 10.0]),
        ("pue-day", [1.25, 1.5]),
        ("renewable-share-year", [0.25]),
        ("rain-day-counter", [100.0, 250.0]),
        ("rain-day-interval", [100.0, 250.0]),
        ("meter-children-above-parent", [0.02, 0.1]),
        ("sensor-frozen", [3.0, 4.0]),
        ("anomaly", [0.999]),
    ],
)
def test_shipped_limits_are_those_of_the_sources(
    code: str, limits: list[float]
) -> None:
    (found,) = [each for each in rule.shipped() if each.code == code]
    assert [level.limit for level in found.definition.levels] == limits


ROOM = [Place("room", "compartment"), Place("tunnel", "area")]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), True),
        (Scope(devices=["gauge"]), True),
        (Scope(devices=["other"]), False),
        (Scope(devices=[]), False),
        (Scope(device_kinds=["level"]), True),
        (Scope(device_kinds=["gas"]), False),
        (Scope(places=["room"]), True),
        (Scope(places=["tunnel"]), True),
        (Scope(places=["roof"]), False),
        (Scope(place_kinds=["compartment"]), True),
        (Scope(place_kinds=["road"]), False),
        (Scope(devices=["gauge"], places=["roof"]), False),
    ],
)
def test_scope(scope: Scope, expected: bool) -> None:  # noqa: FBT001
    assert scope.holds("gauge", "level", ROOM) is expected


def test_a_device_without_a_place_is_in_no_place() -> None:
    assert Scope().holds("gauge", "level", [])
    assert not Scope(places=["room"]).holds("gauge", "level", [])
    assert not Scope(place_kinds=["compartment"]).holds("gauge", "level", [])


def _stored(number: int, park_id: int | None, *, enabled: bool = True) -> StoredRule:
    definition = msgspec.convert(GOOD, Threshold)
    spec = RuleSpec("level", Name("水位", "level"), definition, "test", enabled)
    return StoredRule(number, park_id, 1, spec)


def test_a_park_s_own_rule_stands_before_the_shipped_one() -> None:
    shipped, own = _stored(1, None), _stored(2, 7)
    for order in ([shipped, own], [own, shipped]):
        assert rule.in_force(order, 7) == [own]
        assert rule.in_force(order, 8) == [shipped]


def test_a_park_may_switch_a_shipped_rule_off() -> None:
    rules = [_stored(1, None), _stored(2, 7, enabled=False)]
    assert rule.in_force(rules, 7) == []
    assert rule.in_force(rules, 8) == rules[:1]


def test_a_severity_finds_its_level_or_the_nearest_below() -> None:
    threshold = msgspec.convert(GOOD, Threshold)
    limits = {
        severity: threshold.level(severity).limit
        for severity in ("low", "medium", "high", "critical")
    }
    assert limits == {"low": 1.0, "medium": 1.0, "high": 2.0, "critical": 2.0}


def _limits(code: str) -> tuple[str, str, list[float]]:
    (found,) = [each.definition for each in rule.shipped() if each.code == code]
    assert isinstance(found, Threshold)
    return found.metric, found.direction, [each.limit for each in found.levels]


@pytest.mark.parametrize("compartment", sorted(tunnel.REQUIRED))
def test_tunnels_have_the_limits_of_their_standard(
    compartment: tunnel.Compartment,
) -> None:
    codes = [each.code for each in rule.shipped() if each.code.startswith("tunnel-")]
    shipped = [_limits(code) for code in codes]
    for limit in tunnel.limits(compartment):
        numbers = [limit.warning, limit.critical]
        known = [each for each in numbers if each is not None]
        assert (limit.quantity, limit.direction, known) in shipped


LEVEL = {"severity": "low", "limit": 3}


@pytest.mark.parametrize(
    "definition",
    [
        {"kind": "quality", "tests": [], "levels": [LEVEL]},
        {"kind": "quality", "tests": ["nonsense"], "levels": [LEVEL]},
        {"kind": "quality", "tests": ["spike"], "levels": [{**LEVEL, "limit": 2}]},
        {
            "kind": "quality",
            "tests": ["spike"],
            "levels": [LEVEL],
            "metrics": ["nonsense"],
        },
        {"kind": "anomaly", "levels": [{**LEVEL, "limit": 0.5}]},
        {"kind": "anomaly", "levels": [{**LEVEL, "limit": 1.5}]},
        {"kind": "balance", "measure": "x", "levels": [LEVEL]},
        {"kind": "projection", "kpi": "wue", "severity": "low"},
        {"kind": "projection", "kpi": "pue", "severity": "low", "certain": "low"},
        {"kind": "drift", "levels": []},
    ],
)
def test_other_kinds_are_checked_too(definition: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(definition, Definition)


def test_compositions_name_rules_that_are_shipped() -> None:
    codes = {each.code for each in rule.shipped()}
    for each in rule.shipped():
        if isinstance(each.definition, Composition):
            assert codes.issuperset(each.definition.rules), each.code
