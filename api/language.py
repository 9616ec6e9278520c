"""The language of a caller, from Accept-Language."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]
DEFAULT: Language = "en"
_MAX_RANGES = 20


def preferred(accept_language: str) -> Language:
    """Choose English or Chinese by the caller's weights; English without any."""
    ranges = accept_language.split(",")[:_MAX_RANGES]
    weighed = [found for found in map(_weigh, ranges) if found is not None]
    if not weighed:
        return DEFAULT
    # The first of equal weights, as the caller wrote them.
    weight, language = max(weighed, key=lambda found: found[0])
    return language if weight > 0 else DEFAULT


def _weigh(text: str) -> tuple[float, Language] | None:
    tag, _, parameter = text.strip().partition(";")
    primary = tag.strip().lower().partition("-")[0]
    weight = _quality(parameter.strip())
    if primary == "zh":
        return weight, "zh"
    if primary in {"en", "*"}:
        return weight, "en"
    return None


def _quality(parameter: str) -> float:
    if not parameter.startswith("q="):
        return 1.0
    try:
        weight = float(parameter[2:])
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
