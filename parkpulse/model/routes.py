"""Topics outside `parkpulse/v1`: which park and format a filter stands for; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SEPARATOR = "/"
_ONE = "+"
_REST = "#"
_LONGEST = 500


class Route(NamedTuple):
    """What a topic rule says."""

    filter: str
    """MQTT topic filter."""
    park: str
    format: str
    device_level: int | None = None
    """Level of the topic that names the device, from 1; None: the message does."""
    options: Mapping[str, str] = {}
    """How the messages are to be read."""


def problem(topic_filter: str) -> str | None:
    """Say what is wrong with a filter; None if it can be subscribed to."""
    levels = topic_filter.split(_SEPARATOR)
    if not topic_filter or len(topic_filter) > _LONGEST or "\0" in topic_filter:
        return f"a filter has 1 to {_LONGEST} characters"
    if _REST in topic_filter and (topic_filter.count(_REST) > 1 or levels[-1] != _REST):
        return "'#' stands alone in the last level"
    if any(_ONE in level and level != _ONE for level in levels):
        return "'+' stands alone in its level"
    if levels[0] in {_ONE, _REST, "parkpulse", "$share", "$SYS"}:
        return "the first level must name something that is not ours or the broker's"
    return None


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a topic is one that a filter stands for (MQTT 3.1.1, section 4.7)."""
    wanted, levels = topic_filter.split(_SEPARATOR), topic.split(_SEPARATOR)
    for index, part in enumerate(wanted):
        if part == _REST:
            return True
        if index >= len(levels) or part not in {_ONE, levels[index]}:
            return False
    return len(wanted) == len(levels)


@dataclass(frozen=True, slots=True)
class Routes:
    """All topic rules; of several that fit, the longest filter counts."""

    rules: Sequence[Route] = field(default_factory=tuple)

    def find(self, topic: str) -> Route | None:
        """Find the rule of a topic."""
        fitting = [rule for rule in self.rules if matches(rule.filter, topic)]
        return max(fitting, key=lambda rule: len(rule.filter), default=None)

    def device(self, route: Route, topic: str) -> str | None:
        """Name the device that a topic speaks of, if it does."""
        levels = topic.split(_SEPARATOR)
        level = route.device_level
        if level is None or level > len(levels):
            return None
        return levels[level - 1]
