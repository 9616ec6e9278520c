"""A report as words, numbers and tables, before it is written to a file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from parkpulse.model.registry import Name
    from parkpulse.model.report import Language

_MINUTE_S, _HOUR_S = 60, 3600
_LONG_S = 2 * _HOUR_S
_FIRST_CJK = 0x2E80


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its digits after the point; None is shown as a dash."""

    value: float | None
    digits: int = 0
    is_share: bool = False
    """Shown in percent."""

    @property
    def text(self) -> str:
        """As it stands on paper."""
        if self.value is None:
            return "–"
        if self.is_share:
            return f"{100 * self.value:.{self.digits}f} %"
        return f"{self.value:,.{self.digits}f}"


Cell = str | Number


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads; a column is aligned as its first cell asks for."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report."""

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report in one language."""

    language: Language
    title: str
    subtitle: str
    sentences: Sequence[str]
    """What it says, in a few sentences."""
    warnings: Sequence[str]
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    footer: str
    mark: str
    """Stands at the head of every page; empty for real data."""
    page: str


@cache
def _tables() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    text = (resources.files(__package__) / "words.toml").read_text("utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a language, and how it writes times."""

    language: Language
    zone: str

    def text(self, key: str, **given: str) -> str:
        """Fill a sentence in."""
        return _tables()["text"][key][self.language].format_map(given)

    def texts(self, *keys: str) -> list[str]:
        """Several texts, such as the heads of a table."""
        return [self.text(key) for key in keys]

    def of(self, table: str, key: str) -> str:
        """Name something; what has no name keeps its own."""
        found = _tables()[table].get(key)
        return found[self.language] if found else key

    def every(self, table: str) -> list[str]:
        """All entries of a table."""
        return [each[self.language] for each in _tables()[table].values()]

    def name(self, name: Name) -> str:
        """Choose a name's language."""
        return name.zh if self.language == "zh" else name.en

    def moment(self, moment: datetime) -> str:
        """Write a time in the park's zone."""
        return f"{moment.astimezone(ZoneInfo(self.zone)):%Y-%m-%d %H:%M}"

    def day(self, moment: datetime) -> str:
        """Write the day of a time in the park's zone."""
        return f"{moment.astimezone(ZoneInfo(self.zone)):%Y-%m-%d}"

    def date(self, day: date | None) -> str:
        """Write a day."""
        return "–" if day is None else day.isoformat()

    def duration(self, seconds: float | None) -> str:
        """Write a time span."""
        if seconds is None:
            return "–"
        if seconds < _LONG_S / _MINUTE_S:
            return self.text("seconds", n=f"{seconds:.0f}")
        if seconds < _LONG_S:
            return self.text("minutes", n=f"{seconds / _MINUTE_S:.0f}")
        return self.text("hours", n=f"{seconds / _HOUR_S:.1f}")

    def truth(self, value: object) -> str:
        """Write yes or no."""
        return self.text("yes" if value else "no")


def width(text: str) -> int:
    """Count the columns that a text needs; Chinese characters are twice as wide."""
    return sum(2 if ord(each) >= _FIRST_CJK else 1 for each in text)
