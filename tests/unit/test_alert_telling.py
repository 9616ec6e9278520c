"""An alert as lines: every kind of event, times in the park's zone, no raw values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args
from uuid import UUID

import pytest

from parkpulse.engine.desk import telling
from parkpulse.model.alert import Alert, EventKind, QuietNow, RuleName
from parkpulse.model.registry import Name
from parkpulse.model.response import Ticked
from parkpulse.query.alerts import Detail
from parkpulse.store.alert_events import EventView
from parkpulse.store.deliveries import OfAlert
from parkpulse.store.duty import UnderWay

if TYPE_CHECKING:
    from collections.abc import Sequence

AT = datetime(2026, 3, 1, tzinfo=UTC)
ID = UUID("01939fd0-0000-7000-8000-000000000000")
ALERT = Alert(
    id=str(ID),
    rule=RuleName("level", Name("水位", "High water")),
    subject="gauge/water_level",
    park="harbour",
    park_name=Name("港口", "Harbour"),
    zone="Asia/Shanghai",
    place=None,
    place_name=None,
    device="gauge",
    device_name=Name("水尺", "Gauge"),
    series=1,
    metric="water_level",
    metric_name=Name("水位", "Water level"),
    unit="m",
    severity="high",
    level=None,
    state="shelved",
    quiet=QuietNow(
        kind="shelved",
        since=AT,
        until=datetime(2026, 3, 1, 4, tzinfo=UTC),
        actor="Li",
        reason="pump\x1b[2J is\nchanged",
    ),
    retroactive=False,
    onset=AT,
    raised_at=AT,
    cleared_at=None,
    acknowledged_at=AT,
    acknowledged_by="Wang",
    value=2.5,
    limit=2.0,
    direction="above",
    version=3,
)
STEPS = [
    Ticked("door", "查看", "look", "Li", AT),
    Ticked("pump", "水泵", "pump", None, None),
]
_BRIEF = {
    "onset": "2026-03-01T00:00:00Z",
    "raised_at": "2026-03-01T00:00:00Z",
    "cleared_at": None,
    "severity": "high",
}
_COMMAND = {
    "command": str(ID),
    "code": "pump-1",
    "device": "pump-underpass",
    "name": "start_pump",
    "arguments": {"pump": 1},
    "expires_at": "2026-03-01T00:01:00Z",
    "automatic": True,
}
_DUE = "to be answered by 2026-03-01 08:01:00+08:00"
_HOURS = "2026-03-01 08:00:00+08:00"
TOLD: dict[EventKind, tuple[dict[str, Any], str]] = {
    "raised": ({"onset": "2026-03-01T00:00:00Z"}, f"since {_HOURS}"),
    "severity": ({"retroactive": True}, "retroactive"),
    "cleared": ({"reason": "no longer watched"}, "no longer watched"),
    "acknowledged": ({"comment": "on my\nway\x1b"}, '"on my way"'),
    "revised": (
        {"was": _BRIEF, "is": None},
        f"was onset {_HOURS}, raised at {_HOURS}, severity high",
    ),
    "shelved": ({"until": "2026-03-01T04:00:00Z"}, "until 2026-03-01 12:00:00+08:00"),
    "unshelved": ({}, "engine"),
    "suppressed": (
        {"kind": "maintenance", "until": None, "reason": "dredging"},
        "maintenance, dredging",
    ),
    "unsuppressed": ({}, "engine"),
    "out_of_service": ({"comment": "broken"}, '"broken"'),
    "in_service": ({}, "engine"),
    "assigned": ({"assignee": None, "was": "Li"}, "to nobody, was Li"),
    "commented": ({"comment": "2026-03-01T00:00:00Z"}, '"2026-03-01T00:00:00Z"'),
    "escalated": (
        {
            "policy": "usual",
            "step": 1,
            "people": [{"code": "li", "name": "李"}],
            "channels": ["ops", "boss"],
        },
        "policy usual, step 1, called 李 (li), on ops, boss",
    ),
    "step_done": ({"step": "door"}, "step 查看 / look"),
    "step_undone": ({"step": "gone"}, "step gone"),
    "command_requested": (
        _COMMAND,
        f"pump-underpass, start_pump, with pump 1, {_DUE}, automatic",
    ),
    "command_confirmed": ({**_COMMAND, "late": True}, "automatic, late"),
    "command_refused": ({**_COMMAND, "reason": "locked out"}, "automatic, locked out"),
    "command_timed_out": ({**_COMMAND, "automatic": False}, "not automatic"),
    "command_withdrawn": (
        {
            **_COMMAND,
            "reason": "quiet",
            "reason_text": {"zh": "静默", "en": "was quiet"},
        },
        "automatic, 静默 / was quiet",
    ),
}


def _lines(
    events: Sequence[EventView] = (),
    deliveries: Sequence[OfAlert] = (),
    escalations: Sequence[UnderWay] = (),
) -> list[str]:
    return [*telling.lines(Detail(ALERT, events, deliveries), STEPS, escalations)]


def test_every_kind_of_event_has_its_line() -> None:
    assert set(TOLD) == set(get_args(EventKind))


@pytest.mark.parametrize("kind", TOLD)
def test_an_event_is_one_line_of_words(kind: EventKind) -> None:
    detail, said = TOLD[kind]
    event = EventView(kind, AT, AT, "engine", "high", None, detail)
    line = _lines([event])[-1]
    begin = f"  {_HOURS}  {kind.replace('_', ' ')}  high  engine"
    assert line.startswith(begin)
    assert line.endswith(said)
    assert line.isprintable()
    assert not set("{}[]'") & set(line)


def test_what_an_alert_is() -> None:
    head = _lines()
    assert head[0].endswith("high  shelved until 2026-03-01 12:00:00+08:00")
    assert "  rule:          level  水位 / High water" in head
    places = "harbour (港口 / Harbour), gauge (水尺 / Gauge)"
    assert f"  where:         gauge/water_level in {places}" in head
    assert f"  acknowledged:  {_HOURS} by Wang" in head
    assert "  nobody called: shelved by Li: pump [2J is changed" in head
    assert "  assigned to:   nobody" in head
    assert f"  [x]  查看 / look  (Li, {_HOURS})" in head
    assert "  [ ]  水泵 / pump" in head


def test_who_was_told() -> None:
    first = OfAlert(ID, ID, "duty", "raised", "delivered", AT, 1, 503, "busy", 20.0)
    second = first._replace(id=UUID(int=1), attempt=2, status=200, error=None)
    one, two = _lines(deliveries=[first, second])[-2:]
    assert one == f"  {_HOURS}  duty  raised  attempt 1  HTTP 503 busy (20 ms)"
    assert two == f"  {_HOURS}  duty  raised  attempt 2  HTTP 200 (20 ms)  delivered"


def test_how_far_the_escalation_is() -> None:
    waiting = UnderWay(ID, "usual", AT, 1, AT, ["李"], ["ops"])
    done = UnderWay(ID, "usual", AT, 2, None, [], [])
    one, two = _lines(escalations=[waiting, done])[-2:]
    assert one.endswith(f"1 step taken, called last: 李, ops; next step at {_HOURS}")
    assert two.endswith("2 steps taken, called last: nobody; every step was taken")
