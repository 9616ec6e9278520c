"""Processes say that they live, and are away when they no longer do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.query import health as judgement
from parkpulse.store import health, processes
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_engine import Lab


def _living(lab: Lab) -> list[str]:
    with lab.database.transaction() as conn:
        return [each.kind for each in processes.living(conn)]


def test_a_process_tells_until_it_ends(lab: Lab) -> None:
    with (
        processes.telling(lab.database, "api"),
        processes.telling(lab.database, "notify"),
    ):
        wait_until(lambda: _living(lab) == ["api", "notify"])
        with lab.database.transaction() as conn:
            signs = health.signs(conn)
        assert (signs.apis, signs.notifiers) == (1, 1)
    assert _living(lab) == []


def test_who_says_no_more_is_away(lab: Lab) -> None:
    with lab.database.transaction() as conn:
        processes.sign(conn, "notify@here/1", "notify", ttl_s=0.0)
        processes.sign(conn, "notify@there/1", "notify", ttl_s=-700.0)
    assert _living(lab) == []
    with lab.database.transaction() as conn:
        parts = {each.name: each for each in judgement.of_signs(health.signs(conn))}
        processes.sign(conn, "notify@here/2", "notify")
        (left,) = conn.execute("select count(*) from process").fetchall()
    assert parts["notify"].code == "notify_missing"
    assert left == (2,)  # the one that ended long ago is forgotten
