"""Queries of panels, variables and annotations against the schema `dashboard`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models import dashboard
from typing_extensions import override

if TYPE_CHECKING:
    from dashboards.grafana.words import Language

UID = "parkpulse"
"""Of the data source."""
KIND = "grafana-postgresql-datasource"
"""Grafana's plug-in for PostgreSQL."""
Format = Literal["time_series", "table"]
_LANGUAGE = "@@"
"""Stands in a query for the language of names: `device_@@`."""


def source() -> dashboard.DataSourceRef:
    """Name the data source that everything is read from."""
    return dashboard.DataSourceRef(type_val=KIND, uid=UID)


def localised(query: str, language: Language) -> str:
    """Let a query read names in one language; its indentation is put straight."""
    lines = [line.strip() for line in query.strip().splitlines()]
    return "\n".join(lines).replace(_LANGUAGE, language)


class Query(variants.Dataquery):
    """A query as Grafana's PostgreSQL plug-in keeps it.

    Parameters
    ----------
    sql
        With Grafana's macros and variables.
    form
        `time_series` makes a line of each value of the column `metric`.
    ref
        Letter of the query within its panel.
    """

    def __init__(self, sql: str, form: Format, ref: str = "A") -> None:
        self.sql = sql
        self.form = form
        self.ref = ref

    def to_json(self) -> dict[str, object]:
        """Return what Grafana stores."""
        return {
            "refId": self.ref,
            "datasource": source(),
            "editorMode": "code",
            "format": self.form,
            "rawQuery": True,
            "rawSql": self.sql,
        }


class Target(builder.Builder[variants.Dataquery]):
    """Builder of a query."""

    def __init__(self, query: Query) -> None:
        self._query = query

    @override
    def build(self) -> variants.Dataquery:
        return self._query


class _Annotation(dashboard.AnnotationQuery):
    """An annotation that is read with SQL, which the typed model has no field for."""

    def __init__(self, name: str, color: str, query: Query) -> None:
        super().__init__(name=name, datasource=source(), icon_color=color)
        self._query = query

    @override
    def to_json(self) -> dict[str, object]:
        return {**super().to_json(), "target": self._query.to_json()}


class Annotation(builder.Builder[dashboard.AnnotationQuery]):
    """Builder of an annotation: columns `time`, `timeend`, `text`, `tags`."""

    def __init__(self, name: str, color: str, sql: str) -> None:
        self._annotation = _Annotation(name, color, Query(sql, "table", "Anno"))

    @override
    def build(self) -> dashboard.AnnotationQuery:
        return self._annotation
