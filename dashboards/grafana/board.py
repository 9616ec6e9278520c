"""A dashboard of this package, and how it becomes one of Grafana's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from dashboards.grafana import sql, variables
from dashboards.grafana.words import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grafana_foundation_sdk.cog.builder import Builder

    from dashboards.grafana.words import Language

_ZONE = "Asia/Shanghai"
_ALERTS = f"""
    select "time", coalesce(cleared_at, "time") as timeend,
        rule_@@ || coalesce(' · ' || device_@@, '') as text, severity as tags
    from dashboard.alert
    where park = {variables.PARK} and severity in ('high', 'critical')
        and "time" <= $__timeTo()
        and (cleared_at is null or cleared_at >= $__timeFrom())
    order by 1 limit 500
"""


@dataclass(frozen=True)
class Board:
    """What a dashboard shows.

    Parameters
    ----------
    code
        Part of its address.
    title, question
        What it is called, and which question it answers.
    span
        How far it looks back at first, such as `24h`.
    variables
        What may be chosen; the first is the park.
    panels
        From left to right, from top to bottom.
    refresh
        How often it asks again; None for figures that change once a day.
    annotated
        Whether alerts of the park are marked in it.
    console
        Where on our page its alerts are answered.
    """

    code: str
    title: Text
    question: Text
    span: str
    variables: Sequence[Builder[models.VariableModel]]
    panels: Sequence[Builder[models.Panel]]
    refresh: str | None = "1m"
    annotated: bool = True
    console: str = "${page}/#/${park}/alerts"


def uid(code: str, language: Language) -> str:
    """Return the id by which Grafana knows a dashboard."""
    return f"parkpulse-{language}-{code}"


def folder(language: Language) -> tuple[str, str]:
    """Return id and title of the folder of one language."""
    return f"parkpulse-{language}", Text("园区脉搏", "Parkpulse").of(language)


def built(board: Board, language: Language, page: str) -> models.Dashboard:
    """Bring a dashboard into Grafana's form.

    Parameters
    ----------
    board
        What it shows.
    language
        Of all words.
    page
        Address of our own page, for links.
    """
    made = _begin(board, language)
    made.variables([*board.variables, variables.page(page)])
    made.links(_links(board, language))
    if board.annotated:
        title = Text("告警", "Alerts").of(language)
        alerts = sql.localised(_ALERTS, language)
        made.annotation(sql.Annotation(title, "orange", alerts))
    for panel in board.panels:
        made.with_panel(panel)
    return _numbered(made.build())


def _begin(board: Board, language: Language) -> dashboard.Dashboard:
    made = dashboard.Dashboard(board.title.of(language))
    made.uid(uid(board.code, language)).description(board.question.of(language))
    made.tags(["parkpulse", f"parkpulse-{language}"]).timezone(_ZONE)
    made.time(f"now-{board.span}", "now").editable()
    made.tooltip(models.DashboardCursorSync.CROSSHAIR)
    made.refresh(board.refresh or "")
    return made


def _links(board: Board, language: Language) -> list[Builder[models.DashboardLink]]:
    console = Text("告警处置", "Alert console").of(language)
    others = Text("其他看板", "Other dashboards").of(language)
    return [
        dashboard.DashboardLink(console)
        .type(models.DashboardLinkType.LINK)
        .url(board.console)
        .icon("bolt")
        .target_blank(target_blank=True),
        dashboard.DashboardLink(others)
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([f"parkpulse-{language}"])
        .as_dropdown(as_dropdown=True)
        .include_vars(include_vars=True)
        .keep_time(keep_time=True),
    ]


def _numbered(made: models.Dashboard) -> models.Dashboard:
    for number, panel in enumerate(made.panels or [], 1):
        if isinstance(panel, models.Panel):
            panel.id_val = number
    return made
