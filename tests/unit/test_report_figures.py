"""What the reports say of an interim figure."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from parkpulse.reports import figures
from parkpulse.reports.document import Words

if TYPE_CHECKING:
    from parkpulse.model.kpi import Kpi

EN, ZH = Words("en", "Asia/Shanghai"), Words("zh", "Asia/Shanghai")


@pytest.mark.parametrize(
    ("comparison", "verdict", "english", "chinese"),
    [
        ("lt", "above", "interim: target missed so far", "中间值:目前未达标"),
        ("lt", "below", "interim: target kept so far", "中间值:目前达标"),
        ("ge", "above", "interim: target kept so far", "中间值:目前达标"),
        ("ge", "below", "interim: target missed so far", "中间值:目前未达标"),
    ],
)
def test_an_interim_verdict_says_whether_the_target_is_kept(
    comparison: str, verdict: str, english: str, chinese: str
) -> None:
    found = SimpleNamespace(comparison=comparison, verdict=f"interim: {verdict} target")
    key = figures.verdict(cast("Kpi", found))
    assert EN.of("verdict", key) == english
    assert ZH.of("verdict", key) == chinese


def test_other_verdicts_keep_their_words() -> None:
    found = SimpleNamespace(comparison="lt", verdict="not compliant")
    assert ZH.of("verdict", figures.verdict(cast("Kpi", found))) == "不达标"
