"""Flags of scores, and sentences that say why a reading is unusual."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from analytics.anomaly.detector import ALARM, KINDS, SUSPECT

if TYPE_CHECKING:
    from datetime import tzinfo

    import numpy.typing as npt

    from analytics.anomaly.detector import Found
    from analytics.arrays import FloatArray, IntArray

Language = Literal["zh", "en"]

GOOD, NOT_EVALUATED, DOUBTFUL, FAIL, MISSING = 1, 2, 3, 4, 9
"""QARTOD flags."""
_DAY_US = 86_400_000_000
_LEAST_SHARE, _MOST_SHARE = 0.005, 10.0
"""Offsets are told in per cent between these, else in the series' unit."""
_SEVERAL = 2
_WEEKDAYS = {
    "en": (
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
}
_LASTING = {"mean_4", "mean_16", "mean_64", "mean_256"}


class Case(NamedTuple):
    """What is known of an unusual reading."""

    ts: int
    """[us since 1970 UTC]"""
    value: float
    expected: float
    kind: str
    """One of `detector.KINDS`."""
    days: float
    """Since a reading was as extreme as this one, or since the first."""
    ever: bool
    """Whether no reading was."""


def flags(found: Found) -> npt.NDArray[np.uint8]:
    """QARTOD flag of each reading: suspect, or failed where it surely is frozen."""
    frozen = (found.kind == KINDS.index("frozen")) & (found.score >= ALARM)
    flag = np.where(found.score >= SUSPECT, np.where(frozen, FAIL, DOUBTFUL), GOOD)
    return np.where(found.judged, flag, NOT_EVALUATED).astype(np.uint8)


def case(ts: IntArray, value: FloatArray, kind: int, expected: float) -> Case:
    """Compare the last of these readings, in order of arrival, with those before it."""
    newest, before = float(value[-1]), value[:-1]
    extreme = before >= newest if newest >= expected else before <= newest
    like_it = np.flatnonzero(extreme)
    since = int(ts[like_it[-1]] if like_it.size else ts[0])
    days = max(int(ts[-1]) - since, 0) / _DAY_US
    return Case(int(ts[-1]), newest, expected, KINDS[kind], days, not like_it.size)


def text(about: Case, zone: tzinfo, language: Language) -> str:
    """Say why in a sentence: "32 % above the usual for Tuesday 03:00, first time …"."""
    name = about.kind.rsplit("_", 1)[0] if about.kind != "frozen" else "frozen"
    if name == "frozen":
        return _FROZEN[language]
    if name == "variation":
        return _VARIATION[language][about.kind.endswith("high")]
    return (
        _offset(about, zone, language)
        + _lasting(name, language)
        + _since(about, language)
    )


_FROZEN = {
    "en": "the value has not changed for longer than ever before",
    "zh": "数值不变的时间之长前所未有",
}
_VARIATION = {
    "en": ("varies far less than usual", "varies far more than usual"),
    "zh": ("波动远小于平常", "波动远大于平常"),
}


def _offset(about: Case, zone: tzinfo, language: Language) -> str:
    at = datetime.fromtimestamp(about.ts / 1e6, UTC).astimezone(zone)
    day, clock = _WEEKDAYS[language][at.weekday()], f"{at:%H:%M}"
    above = about.value >= about.expected
    if language == "zh":
        how = _amount(about)
        return f"比{day}{clock}的平常值{'高' if above else '低'}{how}"
    word = "above" if above else "below"
    return f"{_amount(about)} {word} the usual for {day} {clock}"


def _amount(about: Case) -> str:
    away = abs(about.value - about.expected)
    share = away / abs(about.expected) if about.expected else np.inf
    return (
        f"{100 * share:.0f} %"
        if _LEAST_SHARE <= share <= _MOST_SHARE
        else f"{away:.4g}"
    )


def _lasting(name: str, language: Language) -> str:
    if name not in _LASTING:
        return ""
    return ", and has been for a while" if language == "en" else "，且已持续一段时间"


def _since(about: Case, language: Language) -> str:
    days = _span(about.days, language)
    if language == "zh":
        return f"，{days}来首次"
    return f", first time in {days}"


def _span(days: float, language: Language) -> str:
    hours = round(days * 24)
    if days >= _SEVERAL:
        return f"{days:.0f} days" if language == "en" else f"{days:.0f}天"
    if hours >= _SEVERAL:
        return f"{hours} hours" if language == "en" else f"{hours}小时"
    minutes = max(round(days * 1440), 1)
    return f"{minutes} minutes" if language == "en" else f"{minutes}分钟"
