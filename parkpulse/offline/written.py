"""Dates as people write them, rewritten as year, month and day with a 24-hour clock."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_WRITTEN = (
    (r"^([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})[日号]", r"\1-\2-\3 "),
    (r"([0-9]{1,2})[时点]([0-9]{1,2})分([0-9]{1,2})秒$", r"\1:\2:\3"),
    (r"([0-9]{1,2})[时点]([0-9]{1,2})分?$", r"\1:\2"),
    (r"([0-9]{1,2})[时点]$", r"\1:00"),
    (r"^((?:19|20)[0-9]{2})[-/年]([0-9]{1,2})月?$", r"\1-\2-1"),
)
"""Chinese dates, and months, as what stands for them."""
_YEAR_LAST = (
    r"^(?P<first>[0-9]{1,2})(?P<mark>[./-])(?P<second>[0-9]{1,2})[./-](?:19|20)[0-9]{2}"
)
_DAY_FIRST = (r"^([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})", r"\3-\2-\1")
_MONTH_FIRST = (_DAY_FIRST[0], r"\3-\1-\2")
_MONTHS = 12
_HALF_DAY = r"[0-9] *[AaPp]\.?[Mm]\.?$"
_HALVES = tuple(
    (
        rf"(^|[ T])0?{hour}((?::[0-9]{{2}}){{1,2}}) *{half}\.?[Mm]\.?$",
        rf"\1{hour % 12 + later:02}\2",
    )
    for half, later in (("[Aa]", 0), ("[Pp]", 12))
    for hour in range(1, 13)
)
"""Hours of half a day as those of a whole one."""
_HALF_DAY_ZH = "上午|下午"
_HALVES_ZH = tuple(
    (rf"(^|[ T]) *{half} *0?{hour}(:.*)?$", rf"\1{hour % 12 + later:02}\2")
    for half, later in (("上午", 0), ("下午", 12))
    for hour in range(1, 13)
)
_MONTH_NAMES = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_NAMED = "(?i)" + "|".join(_MONTH_NAMES)
_NAMES = (
    (r"(?i)^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]? +", ""),
    *(
        (rf"(?i)^{form}", rf"\2-{number}-\1")
        for number, name in enumerate(_MONTH_NAMES, start=1)
        for form in (
            rf"([0-9]{{1,2}})[ .-]*{name}[a-z]*[ .,-]*([0-9]{{4}})",
            rf"{name}[a-z]*[ .]+([0-9]{{1,2}})[ ,]+([0-9]{{4}})",
        )
    ),
)
"""Dates with the month's English name: 31-Jan-2026, Saturday, January 31, 2026."""


def plain(values: pa.Array) -> pa.Array:
    """Rewrite what is not of the form 2026-01-31 08:00; leave all else alone."""
    rewritten = [*_WRITTEN, *_year_last(values)]
    for shape, more in (
        (_NAMED, _NAMES),
        (_HALF_DAY, _HALVES),
        (_HALF_DAY_ZH, _HALVES_ZH),
    ):
        if pc.any(pc.match_substring_regex(values, shape)).as_py():
            rewritten += more
    for pattern, stamp in rewritten:
        values = pc.replace_substring_regex(values, pattern, stamp)
    return pc.utf8_trim_whitespace(values)


def _year_last(values: pa.Array) -> list[tuple[str, str]]:
    """Tell how to read dates whose year stands last; not at all where that is unsure.

    A number above 12 is a day, in whatever row. Dots stand between day and month.
    """
    parts = pc.extract_regex(values, _YEAR_LAST).drop_null()
    if not len(parts):
        return []
    most = {
        name: pc.max(parts.field(name).cast(pa.int64())).as_py()
        for name in ("first", "second")
    }
    if most["first"] > _MONTHS:
        return [_DAY_FIRST]
    if most["second"] > _MONTHS:
        return [_MONTH_FIRST]
    return [_DAY_FIRST] if pc.all(pc.equal(parts.field("mark"), ".")).as_py() else []
