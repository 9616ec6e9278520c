"""MkDocs hook: reference tables made of the files that the service itself reads."""  # noqa: INP001 - MkDocs loads it by its path

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
MODEL = ROOT / "parkpulse" / "model"
Table: TypeAlias = dict[str, Any]
_METHODS = ("get", "post", "put", "patch", "delete")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put guides that the navigation does not name at the end of its guides."""
    nav: list[dict[str, list[str]]] = config.nav or []
    named = json.dumps(nav)
    guides = next(part["Guides"] for part in nav if "Guides" in part)
    found = (each.name for each in sorted(DOCS.glob("*.md")))
    guides.extend(name for name in found if f'"{name}"' not in named)
    return config


def on_page_markdown(markdown: str, **_: object) -> str:
    """Fill in the tables for which a page has a mark such as `<!-- rules -->`."""
    for name, table in _TABLES.items():
        mark = f"<!-- {name} -->"
        if mark in markdown:
            markdown = markdown.replace(mark, table())
    return markdown


def on_post_page(output: str, *, page: Page, **_: object) -> str:
    """Name the language of pages that are Chinese, for screen readers."""
    if page.file.src_uri.startswith("zh/"):
        return output.replace('<html lang="en"', '<html lang="zh-CN"', 1)
    return output


def rules() -> str:
    """All shipped rules as Markdown, a section for each file and rule."""
    return "\n\n".join(map(_rule_file, sorted((MODEL / "rules").glob("*.toml"))))


def _rule_file(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    head = [line[1:].strip() for line in text.split("[[rules]]")[0].splitlines()]
    title = path.stem.capitalize()
    parts = [_rule(rule) for rule in tomllib.loads(text)["rules"]]
    return "\n\n".join([f"## {title}", " ".join(head), *parts])


def _rule(rule: Table) -> str:
    definition = dict(rule["definition"])
    levels = definition.pop("levels", [])
    says = "; ".join(f"{key} `{_value(value)}`" for key, value in definition.items())
    name = rule["name"]
    parts = [
        f"### {name['en']} · {name['zh']} {{ #{rule['code']} }}",
        f"`{rule['code']}`: {says}",
        _level_table(levels),
        f"Source: {_cell(rule['source'])}",
    ]
    return "\n\n".join(part for part in parts if part)


def _level_table(levels: list[Table]) -> str:
    if not levels:
        return ""
    return _table(("severity", "limit", "level"), map(_level, levels))


def _level(level: Table) -> tuple[str, str, str]:
    window = f" in {level['window_s'] / 3600:g} h" if "window_s" in level else ""
    name = level.get("name")
    named = f"{name['en']} · {name['zh']}" if name else ""
    return level["severity"], f"{level['limit']:g}{window}", named


def quantities() -> str:
    """All metrics as a Markdown table."""
    metrics: dict[str, Table] = _toml("metrics.toml")["metrics"]
    rows = (
        (
            f"`{name}`",
            each["unit"],
            each["kind"],
            f"{each['minimum']:g} … {each['maximum']:g}",
            each["en"],
            each["zh"],
        )
        for name, each in metrics.items()
    )
    return _table(("metric", "unit", "kind", "accepted", "English", "中文"), rows)


def quality() -> str:
    """Parameters of the QARTOD tests as a Markdown table."""
    metrics: dict[str, Table] = _toml("quality.toml")["metrics"]
    rows = (
        (
            f"`{name}`",
            "; ".join(f"{key} {_value(of[key])}" for key in of if key != "source"),
            of["source"],
        )
        for name, of in metrics.items()
    )
    return _table(("metric", "parameters", "source"), rows)


def nomenclature() -> str:
    """Energies and key figures of the nomenclature of `analytics`."""
    text = (ROOT / "analytics" / "nomenclature.md").read_text(encoding="utf-8")
    return "## Energy" + text.split("## Energy", 1)[1].split("## Roll-ups", 1)[0]


def endpoints() -> str:
    """All end-points of the committed OpenAPI document, a table for each tag."""
    document = json.loads((ROOT / "api" / "openapi.json").read_text(encoding="utf-8"))
    by_tag: dict[str, list[tuple[str, str, str]]] = {}
    for path, item in document["paths"].items():
        for method in (each for each in _METHODS if each in item):
            of = item[method]
            row = (f"`{method.upper()}`", f"`{path}`", _said(of))
            by_tag.setdefault(of["tags"][0], []).append(row)
    heads = ("method", "path", "what it does")
    parts = (f"## {tag}\n\n{_table(heads, rows)}" for tag, rows in by_tag.items())
    return "\n\n".join(parts)


def _said(operation: Mapping[str, str]) -> str:
    """Summary and description, on one line."""
    description = " ".join(operation.get("description", "").split())
    return f"**{operation['summary']}.** {description}"


def _toml(name: str) -> Table:
    return tomllib.loads((MODEL / name).read_text(encoding="utf-8"))


def _value(value: object) -> str:
    """Write a value of a TOML file for people."""
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(of)}" for key, of in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _cell(text: str) -> str:
    """Text that Markdown and HTML leave as it is."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(heads)
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


_TABLES: dict[str, Callable[[], str]] = {
    "rules": rules,
    "quantities": quantities,
    "quality": quality,
    "nomenclature": nomenclature,
    "endpoints": endpoints,
}
