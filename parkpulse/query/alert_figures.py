"""What value and limit of an alert are: their unit, and how people read them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from parkpulse.model.definitions import AnomalyRule, QualityRule, Rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parkpulse.model.alert import Alert
    from parkpulse.model.definitions import Definition
    from parkpulse.model.metrics import Metric

Language = Literal["zh", "en"]
FLAGS: Mapping[int, Mapping[Language, str]] = {
    3: {"zh": "可疑", "en": "suspect"},
    4: {"zh": "不合格", "en": "fail"},
}
"""Flags of QARTOD that a rule of quality may name."""
_STATES: Mapping[str, Mapping[Language, tuple[str, str]]] = {
    "hatch_open": {"zh": ("关闭", "打开"), "en": ("closed", "open")},
    "fan_running": {"zh": ("停止", "运行"), "en": ("off", "on")},
    "pump_running": {"zh": ("停止", "运行"), "en": ("off", "on")},
}
_ON = 0.5
_COUNTED: Mapping[str, Mapping[Language, str]] = {
    "absence": {"zh": " 个上报间隔", "en": " report intervals"},
    "composition": {"zh": " 个条件", "en": " conditions"},
    "drift": {"zh": " kW", "en": " kW"},
}
_TIMES: Mapping[float, str] = {1.0: "s", 60.0: "min", 3600.0: "h", 86400.0: "d"}
_SYMBOLS = (("degC", "°C"), ("m3", "m³"), ("m2", "m²"))


def kind(definition: Definition) -> str:
    """Return the kind of a rule, as its definition names it."""
    return str(type(definition).__struct_config__.tag)


def unit(definition: Definition, metric: Metric | None) -> str | None:
    """Return the unit of value and limit: a rate's is per time, a flag has none."""
    if metric is None or isinstance(definition, QualityRule | AnomalyRule):
        return None
    if isinstance(definition, Rate):
        return f"{metric.unit}/{_time(definition.per_s)}"
    return metric.unit


def _time(per_s: float) -> str:
    return _TIMES.get(per_s, f"({per_s:g} s)")


def speaks_for_itself(alert: Alert) -> bool:
    """Whether a value needs no limit beside it: a verdict, or one of two states."""
    return alert.rule.kind == "quality" or _is_state(alert)


def _is_state(alert: Alert) -> bool:
    return alert.rule.kind == "threshold" and alert.metric in _STATES


def written(alert: Alert, value: float, language: Language) -> str:
    """Write a value or limit of an alert as people read it."""
    if alert.rule.kind == "quality":
        return FLAGS.get(round(value), {}).get(language, f"{value:g}")
    if _is_state(alert):
        return _STATES[alert.metric or ""][language][int(value >= _ON)]
    if alert.rule.kind == "balance":
        return f"{100 * value:.3g}%"
    if alert.rule.kind in _COUNTED:
        return f"{value:.6g}{_COUNTED[alert.rule.kind][language]}"
    if alert.unit in {None, "1"}:
        return f"{value:.6g}"
    return f"{value:.6g} {_symbol(alert.unit or '')}"


def _symbol(name: str) -> str:
    for plain, symbol in _SYMBOLS:
        name = name.replace(plain, symbol)
    return name
