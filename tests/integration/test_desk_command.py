"""`parkpulse alerts`, `maintenance` and `duty` on a real database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from parkpulse.engine.anomalies.cli import anomalies
from parkpulse.engine.desk.cli import alerts
from parkpulse.engine.desk.duty.cli import duty
from parkpulse.engine.desk.maintenance.cli import windows
from parkpulse.errors import InvalidRequestError
from parkpulse.model.response import Step
from parkpulse.store import responses
from tests.plugins.alerting import Bench, rule

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from parkpulse.store.pool import Database

PLAN = """
people: [{code: li, name: 李}, {code: wang, name: 王}]
rosters:
  - {code: room, name: 值班室, shifts: [
      {person: li, days: [1, 2, 3, 4, 5, 6, 7], start: "00:00", end: "00:00"}]}
policies:
  - {code: usual, min_severity: low, steps: [{after_minutes: 0, rosters: [room]}]}
"""


@pytest.fixture
def bench(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    bench = Bench(database)
    bench.apply(rule())
    bench.feed([(0, 1.5)])
    return bench


def run(group: click.Command, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(group, words, catch_exceptions=True)
    if isinstance(done.exception, InvalidRequestError):
        raise done.exception
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def read(group: click.Command, *words: str) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(run(group, *words, "--json"))


@pytest.mark.usefixtures("bench")
@pytest.mark.parametrize(
    ("command", "words"), [(alerts, ["list", "--park"]), (anomalies, [])]
)
def test_a_park_that_is_none(command: click.Command, words: list[str]) -> None:
    done = CliRunner().invoke(command, [*words, "nowhere"])
    assert str(done.exception) == "there is no park 'nowhere'"


def test_alerts(bench: Bench) -> None:
    (alert,) = read(alerts, "list")
    key = alert["id"]
    by = ("--by", "Li")
    why = (*by, "--reason", "cleaning")
    assert "unacknowledged" in run(alerts, "list", "--park", "harbour")
    assert read(alerts, "shelve", key, "--hours", "2", *why)["state"] == "shelved"
    assert "shelved until 2026-03-01 10:00:00+08:00" in run(alerts, "list")
    assert read(alerts, "unshelve", key, *by)["quiet"] is None
    run(alerts, "out-of-service", key, *why)
    run(alerts, "in-service", key, *by)
    run(alerts, "comment", key, "on my way", *by)
    assert read(alerts, "assign", key, "--to", "Wang", *by)["assignee"] == "Wang"
    assert run(alerts, "list", "--assignee", "") == "There are no such alerts.\n"
    run(alerts, "acknowledge", key, *by)
    assert "it is so already" in run(alerts, "acknowledge", key, *by, code=1)
    history = read(alerts, "show", key)["events"]
    assert [each["kind"] for each in history] == bench.events(kinds=True)
    _check_history(run(alerts, "show", key))
    with bench.database.transaction() as conn:
        steps = [Step(code="door", zh="查看", en="look")]
        responses.save(conn, bench.park_id, alert["rule"]["code"], steps, [], "Li")
    (step,) = read(alerts, "show", key)["checklist"]
    assert (step["code"], step["done_by"]) == ("door", None)
    assert "[ ]  查看 / look" in run(alerts, "show", key)
    span = ("--start", "2026-02-28T00:00:00Z", "--end", "2026-03-02T00:00:00Z")
    bench.set_clock(60)
    assert read(alerts, "performance", "harbour", *span)["alarms"] == 1
    assert "alarms: 1" in run(alerts, "performance", "harbour", *span)
    with pytest.raises(InvalidRequestError):
        run(alerts, "shelve", key, "--until", "tomorrow", *why)


def _check_history(told: str) -> None:
    """Look for what the operator has done, in the park's time."""
    assert '2026-03-01 08:00:00+08:00  commented  medium  Li  "on my way"' in told
    assert "  shelved  medium  Li  until 2026-03-01 10:00:00+08:00" in told
    assert "  assigned  medium  Li  to Wang" in told
    assert "{" not in told
    assert "  acknowledged:  2026-03-01 08:00:00+08:00 by Li\n" in told


def test_maintenance(bench: Bench) -> None:
    del bench
    words = ("--end", "2026-03-02T00:00:00Z", "--by", "Li", "--reason", "cleaning")
    made = read(windows, "add", "harbour", "--place", "river", *words)
    assert made["start"].startswith("2026-03-01T00:00:00")
    assert "river  Li: cleaning" in run(windows, "list", "harbour")
    assert len(read(windows, "list", "harbour", "--past")) == 1
    run(windows, "end", "harbour", str(made["id"]), "--by", "Wang")
    assert read(windows, "list", "harbour") == []


def test_duty(bench: Bench, tmp_path: Path) -> None:
    del bench
    file = tmp_path / "duty.yaml"
    file.write_text(PLAN, encoding="utf-8")
    run(duty, "put", "harbour", str(file), "--by", "Li")
    assert "李" in run(duty, "now", "harbour")
    span = ("--start", "2026-03-01T00:00:00Z", "--end", "2026-03-02T00:00:00Z")
    who = ("--stand-in", "wang", "--by", "Li")
    done = read(duty, "substitute", "harbour", "room", *span, *who)
    assert done == {"version": 2}
    (post,) = read(duty, "now", "harbour", "--at", span[1])["posts"]
    assert [each["code"] for each in post["people"]] == ["wang"]
    file.write_text(run(duty, "show", "harbour"), encoding="utf-8")
    run(duty, "put", "harbour", str(file), "--by", "Li")
    assert read(duty, "show", "harbour")["version"] == 3


@pytest.mark.usefixtures("bench")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"# nobody yet\n", "is empty"),
        (b"{", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"at: 2026-99-99", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b" " * (1 << 21), "larger than 1 MiB"),
        (b"5", "Expected `object`"),
    ],
    ids=["empty", "remark", "broken", "bytes", "date", "deep", "huge", "number"],
)
@pytest.mark.parametrize("what", ["duty", "plan"])
def test_a_document_that_is_none(
    tmp_path: Path, content: bytes, said: str, what: str
) -> None:
    file = tmp_path / "plan.yaml"
    file.write_bytes(content)
    put = (
        (duty, "put", "harbour")
        if what == "duty"
        else (alerts, "put-plan", "harbour", "level")
    )
    if what == "plan" and content == b"5":
        said = "a plan has steps and commands"
    with pytest.raises(InvalidRequestError, match=said):
        run(*put, str(file), "--by", "Li")
