"""The kinds of panels that the dashboards are made of, in one quiet style.

Grey is good: measured values are shades of one grey, colour is for limits and for what
is abnormal. No gauges, no gradients, gaps stay gaps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from dashboards.grafana import sql
from dashboards.grafana.words import Word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboards.grafana.words import Language, Text

GREY = "#7d8a96"
NEUTRAL = "text"
"""Grafana's name for the colour of ordinary text."""
POINTS = 360
"""Most points of a line: over a year they are days, over a day minutes."""
Lines = timeseries.Panel
Stat = stat.Panel
States = statetimeline.Panel
Scale = bargauge.Panel
Table = table.Panel
_P = TypeVar(
    "_P",
    bargauge.Panel,
    stat.Panel,
    statetimeline.Panel,
    table.Panel,
    timeseries.Panel,
)


class Step(NamedTuple):
    """From this value on the colour."""

    value: float
    color: str


class Size(NamedTuple):
    """Columns of 24, and rows."""

    width: int
    height: int


@dataclass(frozen=True)
class Head:
    """What every panel has.

    Parameters
    ----------
    title, description
        In both languages; the description says what is normal.
    size
        On the grid.
    unit
        One of Grafana's.
    decimals
        Shown; None leaves it to Grafana.
    steps
        From which values on it is abnormal.
    """

    title: Text
    size: Size
    description: Text | None = None
    unit: str | None = None
    decimals: int | None = None
    steps: Sequence[Step] = ()


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name
        As the query has it.
    title
        As people read it.
    unit, decimals
        As in `Head`.
    steps
        From which values on a cell is coloured.
    words
        What its codes mean.
    link
        Address that a cell leads to; may use `${__data.fields.name}`.
    """

    name: str
    title: Text
    unit: str | None = None
    decimals: int | None = None
    steps: Sequence[Step] = ()
    words: Mapping[str, Word] = field(default_factory=dict)
    link: str | None = None


def _thresholds(steps: Sequence[Step]) -> dashboard.ThresholdsConfig:
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps(_steps(steps))
    )


def _steps(steps: Sequence[Step]) -> list[models.Threshold]:
    found = [models.Threshold(value=value, color=color) for value, color in steps]
    return [models.Threshold(value=None, color=NEUTRAL), *found]


def _mapping(words: Mapping[str, Word], language: Language) -> models.ValueMap:
    return models.ValueMap(
        {
            code: models.ValueMappingResult(
                text=word.text.of(language), color=word.color, index=index
            )
            for index, (code, word) in enumerate(words.items())
        }
    )


def _begin(panel: _P, head: Head, language: Language) -> _P:
    panel.title(head.title.of(language)).datasource(sql.source())
    panel.span(head.size.width).height(head.size.height)
    panel.thresholds(_thresholds(head.steps)).no_value("–")
    if head.description is not None:
        panel.description(head.description.of(language))
    if head.unit is not None:
        panel.unit(head.unit)
    if head.decimals is not None:
        panel.decimals(head.decimals)
    return panel


def _ask(panel: _P, queries: Sequence[str], form: sql.Format, language: Language) -> _P:
    for letter, query in zip("ABCDE", queries, strict=False):
        text = sql.localised(query, language)
        panel.with_target(sql.Target(sql.Query(text, form, letter)))
    return panel


def lines(head: Head, language: Language, *queries: str) -> Lines:
    """Show values over time.

    Parameters
    ----------
    head
        Title, place, unit.
    language
        Of all words.
    queries
        With the columns `time`, `metric`, `value`.
    """
    panel = _begin(timeseries.Panel(), head, language)
    _ask(panel, queries, "time_series", language)
    panel.max_data_points(POINTS).show_points(common_models.VisibilityMode.AUTO)
    panel.line_width(1).fill_opacity(0).span_nulls(span_nulls=False)
    _grey(panel)
    if head.steps:
        panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(
                common_models.GraphTresholdsStyleMode.DASHED
            )
        )
    return panel


def limited(head: Head, language: Language, query: str, limits: str) -> Lines:
    """Show values over time against dashed limits, which a second query gives."""
    panel = lines(head, language, query, limits)
    return panel.override_by_query("B", _dashed())


def _grey(panel: Lines) -> None:
    panel.color_scheme(
        dashboard.FieldColor().mode(models.FieldColorModeId.SHADES).fixed_color(GREY)
    )
    panel.legend(
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
    )
    panel.tooltip(
        common.VizTooltipOptions()
        .mode(common_models.TooltipDisplayMode.MULTI)
        .sort(common_models.SortOrder.DESCENDING)
    )


def _dashed() -> list[models.DynamicConfigValue]:
    return [
        models.DynamicConfigValue(
            "custom.lineStyle", {"fill": "dash", "dash": [10, 8]}
        ),
        models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": "orange"}),
        models.DynamicConfigValue("custom.spanNulls", value=True),
    ]


def bars(head: Head, language: Language, *queries: str) -> Lines:
    """Show amounts over time as stacked bars; columns as of `lines`."""
    panel = lines(head, language, *queries)
    panel.draw_style(common_models.GraphDrawStyle.BARS).fill_opacity(70)
    panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    return panel


def hydrograph(head: Head, language: Language, *queries: str) -> Lines:
    """Show levels, with rain hanging from the top as of the second query.

    Parameters
    ----------
    head
        Title, place, unit of the levels.
    language
        Of all words.
    queries
        Levels, rain [mm], limits; each with the columns `time`, `metric`, `value`.
    """
    panel = lines(head, language, *queries)
    panel.override_by_query("C", _dashed())
    hanging = {
        "custom.drawStyle": "bars",
        "custom.fillOpacity": 60,
        "custom.axisPlacement": "right",
        "custom.transform": "negative-Y",
        "custom.axisSoftMin": -40,
        "max": 0,
        "unit": "lengthmm",
        "color": {"mode": "fixed", "fixedColor": "blue"},
    }
    panel.override_by_query(
        "B", [models.DynamicConfigValue(*each) for each in hanging.items()]
    )
    return panel


def states(
    head: Head, language: Language, words: Mapping[str, Word], query: str
) -> States:
    """Show states over time, a row for each value of the column `metric`."""
    panel = _begin(statetimeline.Panel(), head, language)
    _ask(panel, [query], "time_series", language)
    panel.max_data_points(POINTS).mappings([_mapping(words, language)])
    panel.show_value(common_models.VisibilityMode.NEVER).row_height(0.8)
    panel.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    return panel


def numbers(
    head: Head, language: Language, query: str, columns: Sequence[Column] = ()
) -> Stat:
    """Show the numbers of one row, each with its title."""
    panel = _ask(_begin(stat.Panel(), head, language), [query], "table", language)
    panel.color_mode(common_models.BigValueColorMode.VALUE)
    panel.graph_mode(common_models.BigValueGraphMode.NONE)
    panel.reduce_options(_all_rows())
    panel.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    for column in columns:
        panel.override_by_name(column.name, _properties(column, language))
    return panel


def _all_rows() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().values(values=True).calcs(["lastNotNull"])


def scale(
    head: Head, language: Language, query: str, least: float, most: float
) -> Scale:
    """Show where values lie: a bar for each row, its name in the first column.

    Parameters
    ----------
    head
        Title, place, unit, and from which value on it is abnormal.
    language
        Of all words.
    query
        With a text and a number.
    least, most
        Ends of the scale.
    """
    panel = _ask(_begin(bargauge.Panel(), head, language), [query], "table", language)
    panel.display_mode(common_models.BarGaugeDisplayMode.BASIC)
    panel.orientation(common_models.VizOrientation.HORIZONTAL)
    panel.show_unfilled(show_unfilled=True).reduce_options(_all_rows())
    panel.min(least).max(most)
    panel.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    return panel


def rows(
    head: Head,
    language: Language,
    query: str,
    columns: Sequence[Column],
    hidden: Sequence[str] = (),
) -> Table:
    """Show rows; `hidden` are columns that only links need."""
    panel = _ask(_begin(table.Panel(), head, language), [query], "table", language)
    panel.cell_height(common_models.TableCellHeight.SM)
    for column in columns:
        panel.override_by_name(column.name, _properties(column, language))
    for name in hidden:
        unseen = [models.DynamicConfigValue("custom.hidden", value=True)]
        panel.override_by_name(name, unseen)
    return panel


def _properties(column: Column, language: Language) -> list[models.DynamicConfigValue]:
    found: dict[str, object] = {"displayName": column.title.of(language)}
    if column.unit is not None:
        found["unit"] = column.unit
    if column.decimals is not None:
        found["decimals"] = column.decimals
    if column.steps:
        found["thresholds"] = {"mode": "absolute", "steps": _steps(column.steps)}
    if column.steps or any(word.color for word in column.words.values()):
        found["color"] = {"mode": "thresholds"}
        found["custom.cellOptions"] = {"type": "color-text"}
    if column.words:
        found["mappings"] = [_mapping(column.words, language)]
    if column.link is not None:
        title = column.title.of(language)
        found["links"] = [{"title": title, "url": column.link, "targetBlank": True}]
    return [models.DynamicConfigValue(*each) for each in found.items()]


def plain(texts: Mapping[str, Text]) -> dict[str, Word]:
    """Return words of codes none of which is abnormal."""
    return {code: Word(text) for code, text in texts.items()}
