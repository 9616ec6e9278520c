"""Utility tunnel: the air, water, hatches and fans of each compartment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.grafana import panels, units, variables
from dashboards.grafana.board import Board
from dashboards.grafana.boards import parts
from dashboards.grafana.panels import Column, Head, Size, Step
from dashboards.grafana.variables import PARK, PLACES
from dashboards.grafana.words import OPEN, RUNNING, Text, Word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboards.grafana.words import Language

_METRICS = (
    "oxygen",
    "methane",
    "hydrogen_sulfide",
    "carbon_monoxide",
    "air_temperature",
    "relative_humidity",
    "sump_level",
    "hatch_open",
    "fan_running",
    "pump_running",
)
_KINDS = ("compartment",)
_NOW = f"""
    select place_@@ as place_name,
        min(value) filter (where metric = 'oxygen') as oxygen,
        max(value) filter (where metric = 'methane') as methane,
        max(value) filter (where metric = 'hydrogen_sulfide') as hydrogen_sulfide,
        max(value) filter (where metric = 'carbon_monoxide') as carbon_monoxide,
        max(value) filter (where metric = 'air_temperature') as air_temperature,
        max(value) filter (where metric = 'relative_humidity') as relative_humidity,
        max(value) filter (where metric = 'sump_level') as sump_level,
        max(value) filter (where metric = 'hatch_open') as hatch_open,
        max(value) filter (where metric = 'fan_running') as fan_running,
        max(age_s) as age_s
    from dashboard.latest
    where park = {PARK} and place_kind = 'compartment' and place = any({PLACES})
    group by place, 1 order by place
"""
_NOW_COLUMNS = (
    Column("place_name", Text("舱室", "Compartment")),
    Column(
        "oxygen",
        Text("氧气", "Oxygen"),
        units.of("oxygen"),
        1,
        (
            Step(0, "red"),
            Step(18, "orange"),
            Step(19.5, panels.NEUTRAL),
            Step(23.5, "orange"),
        ),
    ),
    Column(
        "methane",
        Text("甲烷", "Methane"),
        units.of("methane"),
        2,
        (Step(1, "orange"), Step(1.25, "red")),
    ),
    Column(
        "hydrogen_sulfide",
        Text("硫化氢", "Hydrogen sulfide"),
        units.of("hydrogen_sulfide"),
        1,
        (Step(10, "orange"), Step(20, "red")),
    ),
    Column(
        "carbon_monoxide",
        Text("一氧化碳", "Carbon monoxide"),
        units.of("carbon_monoxide"),
        1,
    ),
    Column(
        "air_temperature", Text("气温", "Temperature"), units.of("air_temperature"), 1
    ),
    Column(
        "relative_humidity", Text("湿度", "Humidity"), units.of("relative_humidity"), 0
    ),
    Column("sump_level", Text("集水坑水位", "Sump level"), units.METRES, 2),
    Column("hatch_open", Text("井盖", "Hatch"), words=OPEN),
    Column("fan_running", Text("通风", "Ventilation"), words=RUNNING),
    Column("age_s", Text("数据时效", "Age"), units.SECONDS, 0),
)
_BY_PLACE = "coalesce(place_@@, device_@@)"


def board(language: Language) -> Board:
    """Describe the dashboard."""
    return Board(
        code="tunnel",
        title=Text("综合管廊", "Utility tunnel"),
        question=Text(
            "每个舱室的空气、积水和井盖怎么样?",
            "How are air, water and hatches of each compartment?",
        ),
        span="24h",
        variables=[
            variables.park(language),
            variables.place(language, _KINDS),
            variables.device(language, _METRICS),
        ],
        panels=[_now(language), *_air(language), *_states(language)],
    )


def _now(language: Language) -> panels.Table:
    head = Head(Text("舱室现状", "Compartments now"), Size(24, 7))
    return panels.rows(head, language, _NOW, _NOW_COLUMNS)


def _air(language: Language) -> list[panels.Lines]:
    found = (
        (Text("氧气", "Oxygen"), "oxygen", "low"),
        (Text("甲烷", "Methane"), "methane", "high"),
        (Text("硫化氢", "Hydrogen sulfide"), "hydrogen_sulfide", "high"),
        (Text("气温", "Temperature"), "air_temperature", "high"),
        (Text("相对湿度", "Relative humidity"), "relative_humidity", "mean"),
        (Text("集水坑水位", "Sump level"), "sump_level", "high"),
    )
    return [
        panels.limited(
            Head(title, parts.THIRD, unit=units.of(metric), decimals=2),
            language,
            parts.history(metric, value, _BY_PLACE),
            parts.limits(metric),
        )
        for title, metric, value in found
    ]


def _states(language: Language) -> list[panels.States]:
    found: tuple[tuple[Text, str, Mapping[str, Word]], ...] = (
        (Text("井盖", "Hatches"), "hatch_open", OPEN),
        (Text("通风", "Ventilation"), "fan_running", RUNNING),
        (Text("水泵", "Pumps"), "pump_running", RUNNING),
    )
    return [
        panels.states(
            Head(title, parts.THIRD),
            language,
            words,
            parts.history(metric, "high", _BY_PLACE),
        )
        for title, metric, words in found
    ]
