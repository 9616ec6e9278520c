"""Topic rules: which filter stands for a topic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from parkpulse.model import routes
from parkpulse.model.routes import Route, Routes

_LEVEL = st.sampled_from(["a", "b", "spBv1.0", "", "tele"])
_TOPIC = st.lists(_LEVEL, min_size=1, max_size=5).map("/".join)
_FILTER = st.tuples(
    st.lists(st.one_of(_LEVEL, st.just("+")), min_size=1, max_size=4),
    st.sampled_from(["", "/#"]),
).map(lambda parts: "/".join(parts[0]) + parts[1])


@given(_FILTER, _TOPIC)
def test_as_the_broker_matches(topic_filter: str, topic: str) -> None:
    assert routes.matches(topic_filter, topic) == topic_matches_sub(topic_filter, topic)


def test_the_longest_filter_counts() -> None:
    rules = Routes(
        (Route("tele/#", "a", "senml"), Route("tele/+/SENSOR", "b", "senml"))
    )
    assert rules.find("tele/meter/SENSOR") == rules.rules[1]
    assert rules.find("tele/meter/LWT") == rules.rules[0]
    assert rules.find("stat/meter") is None


@pytest.mark.parametrize(("level", "device"), [(2, "meter"), (None, None), (9, None)])
def test_a_level_names_the_device(level: int | None, device: str | None) -> None:
    route = Route("tele/+/SENSOR", "a", "profile:tasmota", level)
    assert Routes().device(route, "tele/meter/SENSOR") == device


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "#",
        "+/a",
        "a/#/b",
        "a/b#",
        "a/+b",
        "parkpulse/v1/#",
        "$SYS/#",
        "a\0",
        "x" * 501,
    ],
)
def test_filters_that_are_refused(wrong: str) -> None:
    assert routes.problem(wrong)


@pytest.mark.parametrize("right", ["tele/+/SENSOR", "spBv1.0/#", "a", "shellies/+/x/#"])
def test_filters_that_are_taken(right: str) -> None:
    assert routes.problem(right) is None
