"""What a person chooses on a dashboard: park, place, device, data centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from dashboards.grafana import sql
from dashboards.grafana.words import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboards.grafana.words import Language

PAGE = "page"
"""Name of the hidden variable that holds the address of our own page."""
PARK = "${park:sqlstring}"
PARKS = "array[${park:sqlstring}]::text[]"
PLACES = "array[${place:sqlstring}]::text[]"
DEVICES = "array[${device:sqlstring}]::text[]"
CENTRES = "array[${data_centre:sqlstring}]::text[]"


def _chosen(
    name: str, title: Text, language: Language, query: str
) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(title.of(language))
        .datasource(sql.source())
        .query(sql.localised(query, language))
        .refresh(models.VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(models.VariableSort.DISABLED)
    )


def _several(variable: dashboard.QueryVariable) -> dashboard.QueryVariable:
    everything = models.VariableOption(selected=True, text=["All"], value=["$__all"])
    return variable.multi(multi=True).include_all(include_all=True).current(everything)


def page(address: str) -> dashboard.ConstantVariable:
    """Keep the address of our page where links find it."""
    return dashboard.ConstantVariable(PAGE).value(address)


def park(language: Language) -> dashboard.QueryVariable:
    """Let a person choose one park."""
    query = """
        select park_@@ as "__text", park as "__value"
        from dashboard.park order by service, 1
    """
    return _chosen("park", Text("园区", "Park"), language, query)


def parks(language: Language) -> dashboard.QueryVariable:
    """Let a person choose several parks."""
    return _several(park(language))


def place(language: Language, kinds: Sequence[str] = ()) -> dashboard.QueryVariable:
    """Let a person choose places of the park, of some kinds only."""
    query = f"""
        select place_@@ as "__text", place as "__value" from dashboard.place
        where park = {PARK} {_within("kind", kinds)}
        order by 1
    """
    return _several(_chosen("place", Text("位置", "Place"), language, query))


def device(language: Language, metrics: Sequence[str] = ()) -> dashboard.QueryVariable:
    """Let a person choose devices in the chosen places, with some metrics only."""
    query = f"""
        select distinct device_@@ as "__text", device as "__value" from dashboard.series
        where park = {PARK} and (place is null or place = any({PLACES}))
        and state <> 'retired' {_within("metric", metrics)}
        order by 1
    """
    return _several(_chosen("device", Text("设备", "Device"), language, query))


def data_centre(language: Language) -> dashboard.QueryVariable:
    """Let a person choose data centres of the park."""
    query = f"""
        select data_centre_@@ as "__text", data_centre as "__value"
        from dashboard.data_centre where park = {PARK} order by 1
    """
    title = Text("数据中心", "Data centre")
    return _several(_chosen("data_centre", title, language, query))


def _within(column: str, values: Sequence[str]) -> str:
    if not values:
        return ""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"and {column} in ({listed})"
