"""What the index finds is what each scope says of each device, one by one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from parkpulse.engine.matching import Groups, Index
from parkpulse.model.definitions import Level, Scope, Threshold
from parkpulse.model.registry import Name
from parkpulse.model.rule import Place, RuleSpec, StoredRule
from parkpulse.store import surroundings
from parkpulse.store.rules import WatchedSeries

PLACES: dict[int | None, list[Place]] = {
    None: [],
    1: [Place("east", "building")],
    2: [Place("hall", "compartment"), Place("east", "building")],
    3: [Place("reach", "river_section")],
}
METRICS = ("water_level", "flow_rate", "rsrp")
DEVICES = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from(["a", "b", "longer-code", "d"]),
        st.sampled_from(["gauge", "meter", "odd\nkind"]),
        st.sampled_from(list(PLACES)),
        st.lists(st.sampled_from(["x", "y"]), max_size=2, unique=True),
        st.lists(st.sampled_from(METRICS), max_size=3, unique=True),
    ),
    max_size=12,
    unique_by=lambda each: each[:2],
)


def _some(*names: str) -> st.SearchStrategy[list[str] | None]:
    return st.none() | st.lists(st.sampled_from(names), min_size=1, unique=True)


SCOPES = st.builds(
    Scope,
    devices=_some("a", "longer-code", "c"),
    places=_some("east", "hall", "moon"),
    device_kinds=_some("gauge", "odd\nkind", "none"),
    place_kinds=_some("building", "river_section"),
    tags=_some("x", "z"),
)


def _series(
    devices: list[tuple[int, str, str, int | None, list[str], list[str]]],
) -> list[WatchedSeries]:
    found: list[WatchedSeries] = []
    for number, (park, code, kind, place, tags, metrics) in enumerate(devices):
        for metric in metrics:
            held = (f"park-{park}", number + 1, code, kind, place, PLACES[place])
            of = WatchedSeries(len(found) + 1, metric, 60, park, *held)
            found.append(of._replace(tags=tuple(tags)))
    return found


def _rule(park: int | None, code: str, scope: Scope) -> StoredRule:
    definition = Threshold("water_level", "above", [Level("low", 1.0)], scope=scope)
    return StoredRule(1, park, 1, RuleSpec(code, Name("规", "rule"), definition, "t"))


@settings(max_examples=150)
@given(DEVICES, SCOPES, st.none() | st.just(["water_level", "absent"]))
def test_the_index_finds_what_scopes_say(
    devices: list[tuple[int, str, str, int | None, list[str], list[str]]],
    scope: Scope,
    metrics: list[str] | None,
) -> None:
    series = _series(devices)
    known = surroundings.gathered(series)
    assert list(known) == series
    groups = Groups([_rule(2, "own", scope), _rule(None, "all", scope)], known.parks)
    index = Index(known, groups.of)
    for group in groups.rules:
        expected = [
            at
            for at, each in enumerate(series)
            if groups.of[each.park_id] == group
            and (metrics is None or each.metric in metrics)
            and scope.holds(each.device, each.device_kind, each.places, each.tags)
        ]
        assert index.rows(group, metrics, scope).tolist() == expected
        held = sorted(
            {each.device_id for each in series if groups.of[each.park_id] == group
             and scope.holds(each.device, each.device_kind, each.places, each.tags)}
        )  # fmt: skip
        found = index.devices(group, scope)
        assert known.devices.id[found].tolist() == held


@settings(max_examples=30)
@given(DEVICES)
def test_series_and_devices_are_found_by_their_names(
    devices: list[tuple[int, str, str, int | None, list[str], list[str]]],
) -> None:
    series = _series(devices)
    known = surroundings.gathered(series)
    index = Index(known, dict.fromkeys(known.parks, 0))
    for at, each in enumerate(series):
        assert index.subject(f"{each.park}/{each.device}/{each.metric}") == at
        device = index.device(f"{each.park}/{each.device}")
        assert device is not None
        assert known.devices.id[device] == each.device_id
    for odd in ("", "park-1", "park-1/nobody", "park-1/a/power", "a/b/c/d"):
        assert index.subject(odd) is None
