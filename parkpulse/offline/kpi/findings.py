"""What is odd in the columns, told period by period with its effect on coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from analytics import segments
from parkpulse.offline.kpi import civil
from parkpulse.offline.kpi.meters import Oddity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from analytics.segments import Segments
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.offline.files import Finding as FileFinding
    from parkpulse.offline.kpi.meters import Meter

MOST = 20
"""More findings of one kind in a period are told as one."""
TEXTS = {
    ("missing", "no_samples"): ("samples are missing", "缺少数据"),
    ("stuck", "same_value"): (
        "the value does not change (stuck)",
        "数值长时间不变（卡死）",
    ),
    ("stuck", "no_step"): (
        "the register does not advance (stuck)",
        "表码长时间不走（卡死）",
    ),
    ("impossible", "negative"): ("negative values are impossible", "不可能出现负值"),
    ("impossible", "above_limit"): (
        "values above what the meter can measure are impossible",
        "超过量程，不可能出现",
    ),
    ("impossible", "does_not_fit"): (
        "readings that do not fit their neighbours were dropped",
        "与前后读数不符，已剔除",
    ),
    ("impossible", "swap_or_jump"): (
        "the register jumps as no load explains (meter swapped)",
        "表码跳变，任何负荷都无法解释（换表）",
    ),
    ("impossible", "it_above_total"): (
        "IT energy above the total is impossible (PUE below 1)",
        "IT 用电大于总用电，不可能出现（PUE 小于 1）",
    ),
    ("impossible", "it_zero"): (
        "the IT load is 0 while the total is as with its usual load",
        "IT 负荷为 0，而总负荷与平常相当，不可能出现",
    ),
    ("rollover", "modulus"): ("the register rolled over", "表码翻转"),
    ("reset", "begins_anew"): (
        "the register began anew; what it counted meanwhile is unknown",
        "表码清零重新计数；其间电量未知",
    ),
    ("gap", "estimated"): (
        "the register was not read; inside the gap the energy is estimated",
        "表码未抄读；缺口内的电量为估计值",
    ),
    ("standby", "generation"): (
        "generation at rest draws a little; it counts as 0",
        "发电设备待机时的微小负值，按 0 计",
    ),
    ("duplicate", "same_value"): (
        "the same sample again was left out",
        "重复数据，已略去",
    ),
    ("duplicate", "other_value"): (
        "another value of the same time was left out; the first counts",
        "同一时刻有不同数值；以第一个为准",
    ),
    ("overlap", "interval_cut"): (
        "intervals overlap; only their share up to the next counts",
        "时段重叠；只计到下一时段开始为止的部分",
    ),
}


class Finding(msgspec.Struct):
    """Something an inspector should know of a figure."""

    code: str
    reason: str
    column: str | None
    start: str | None
    end: str | None
    count: int
    effect_on_coverage: float
    """Change of the column's coverage of the period. [-]"""
    text: str
    text_zh: str


def missing(meter: Meter, start: int, end: int) -> Oddity | None:
    """Find stretches of [start, end) [us] that lack samples without another cause."""
    known = meter.segments
    lost = [each for each in meter.odd if each.is_lost]
    low = np.concatenate([known.start, *(each.start for each in lost)])
    high = np.concatenate([known.end, *(each.end for each in lost)])
    order = np.argsort(low, kind="stable")
    reach = np.maximum.accumulate(np.append(start, high[order]))
    begins = np.append(low[order], end)
    hole = begins > reach
    first, last = reach[hole], begins[hole]
    if not len(first):
        return None
    usual = meter.usual or end - start
    count = np.maximum(np.rint((last - first) / usual).astype(np.int64), 1)
    return Oddity("missing", "no_samples", first, last, count, is_lost=True)


class _Pieces(NamedTuple):
    """Stretches cut at the edges of periods, by period."""

    period: Int64Array
    start: Int64Array
    end: Int64Array
    samples: Int64Array
    effect: FloatArray


def by_period(
    meters: Sequence[Meter], edges: Int64Array, zone: ZoneInfo
) -> list[list[Finding]]:
    """List the findings of each period, worst first."""
    found: list[list[Finding]] = [[] for _ in edges[1:]]
    for meter in meters:
        for odd in meter.odd:
            pieces = _cut(odd, edges, meter.segments)
            for period in np.unique(pieces.period).tolist():
                which = np.flatnonzero(pieces.period == period)
                found[period] += _told(meter, odd, pieces, which, zone)
    for each in found:
        each.sort(key=lambda finding: finding.effect_on_coverage)
    return found


def _cut(odd: Oddity, edges: Int64Array, covered: Segments) -> _Pieces:
    low = np.searchsorted(edges, odd.start, side="right") - 1
    high = np.searchsorted(edges, odd.end, side="left")
    count = np.maximum(high - low, 1)
    source = np.repeat(np.arange(len(low)), count)
    period = np.arange(len(source)) - np.repeat(np.cumsum(count) - count - low, count)
    inside = (period >= 0) & (period < len(edges) - 1)
    source, period = source[inside], period[inside]
    start = np.maximum(odd.start[source], edges[period])
    end = np.minimum(odd.end[source], edges[period + 1])
    whole = np.maximum((odd.end - odd.start)[source], 1)
    share = np.where(odd.end[source] > odd.start[source], (end - start) / whole, 1.0)
    effect = np.zeros(len(start))
    if odd.is_lost:
        uncovered = (end - start) - (_known(covered, end) - _known(covered, start))
        effect = -uncovered / (edges[period + 1] - edges[period])
    number = np.maximum(np.rint(odd.samples[source] * share), 1).astype(np.int64)
    return _Pieces(period, start, end, number, effect)


def _known(covered: Segments, moment: Int64Array) -> Int64Array:
    """Time that segments cover before instants. [us]."""
    length = covered.end - covered.start
    before = np.append(0, np.cumsum(length))
    index = np.searchsorted(covered.start, moment, side="right")
    if not len(length):
        return np.zeros(len(moment), np.int64)
    last = np.maximum(index - 1, 0)
    inside = np.minimum(moment, covered.end[last]) - covered.start[last]
    return np.where(index > 0, before[last] + inside, 0)


def _told(
    meter: Meter, odd: Oddity, pieces: _Pieces, which: Int64Array, zone: ZoneInfo
) -> list[Finding]:
    groups = [which] if len(which) > MOST else [np.array([each]) for each in which]
    return [
        _finding(
            odd,
            meter.column.name,
            civil.text(int(pieces.start[group].min()), zone),
            civil.text(int(pieces.end[group].max()), zone),
            int(pieces.samples[group].sum()),
            float(pieces.effect[group].sum()),
        )
        for group in groups
    ]


def _finding(
    odd: Oddity, column: str, start: str, end: str, count: int, effect: float
) -> Finding:
    english, chinese = TEXTS[odd.code, odd.reason]
    span = start if start == end else f"{start} .. {end}"
    lost = f"; coverage {effect:+.4%}" if effect else ""
    return Finding(
        code=odd.code,
        reason=odd.reason,
        column=column,
        start=start,
        end=end,
        count=count,
        effect_on_coverage=effect,
        text=f"{column}: {english} ({count}; {span}{lost})",
        text_zh=f"{column}：{chinese}（{count}；{span}{lost}）",
    )


def of_file(found: Iterable[FileFinding]) -> list[Finding]:
    """Tell what is wrong with the file; rows without a time belong to no period."""
    return [
        Finding(
            code=each.code,
            reason="file",
            column=each.column,
            start=None,
            end=None,
            count=each.count,
            effect_on_coverage=0.0,
            text=each.text,
            text_zh=each.text,
        )
        for each in found
    ]


def partial(
    edges: Int64Array, start: int, end: int, zone: ZoneInfo
) -> list[list[Finding]]:
    """Tell which periods reach beyond the file's time [start, end) [us]."""
    found = []
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        known = min(high, end) - max(low, start)
        inside = [max(low, start), min(high, end)]
        first, last = (civil.text(each, zone) for each in inside)
        share = known / (high - low) - 1.0
        english = f"the file knows only {first} .. {last} of this period"
        chinese = f"文件只涵盖本周期的 {first} .. {last}"
        more = Finding(
            code="partial_period",
            reason="outside_file",
            column=None,
            start=first,
            end=last,
            count=1,
            effect_on_coverage=share,
            text=f"{english}; coverage {share:+.4%}",
            text_zh=f"{chinese}；coverage {share:+.4%}",
        )
        found.append([more] if share else [])
    return found


_OF_ALL = {
    ("doubtful", "units"): (
        "total / IT is {:.4g}: the columns seem to have different units (W, kW)",
        "总用电 / IT 用电为 {:.4g}：各列的单位似乎不同（W、kW）",
    ),
    ("no_total", "only_it"): (
        "no total and no part but the IT load is known, so that there is no PUE",
        "除 IT 负荷外没有总用电或其他分项，无法计算 PUE",
    ),
}


def of_all(code: str, reason: str, number: float = 0.0) -> Finding:
    """Tell something of the columns together."""
    english, chinese = _OF_ALL[code, reason]
    return Finding(
        code=code,
        reason=reason,
        column=None,
        start=None,
        end=None,
        count=1,
        effect_on_coverage=0.0,
        text=english.format(number),
        text_zh=chinese.format(number),
    )


def exclude(meter: Meter, odd: Oddity) -> Meter:
    """Take stretches out of a column and tell of them."""
    left = segments.without(meter.segments, odd.start, odd.end)
    return type(meter)(meter.column, left, meter.usual, [*meter.odd, odd])


def hull(meters: Sequence[Meter]) -> tuple[int, int]:
    """Span that the columns are about, (0, 0) if there is nothing. [us]."""
    spans = [(meter.segments.start, meter.segments.end) for meter in meters]
    lost = [odd for meter in meters for odd in meter.odd if odd.is_lost]
    spans += [(odd.start, odd.end) for odd in lost]
    starts = [int(start.min()) for start, _ in spans if len(start)]
    ends = [int(end.max()) for _, end in spans if len(end)]
    return (min(starts), max(ends)) if starts else (0, 0)
