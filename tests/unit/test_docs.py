"""The documentation as a site: strict, complete, nothing loaded from other hosts."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from parkpulse.model import kpi, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
_LOADED = re.compile(
    r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=\"(?:https?:)?//"
)


def _build(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    # Not --quiet: MkDocs then counts no warnings, and --strict lets everything pass.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", *options]
    return subprocess.run(
        [*command, "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; broken links, anchors and unnamed pages are errors."""
    folder = tmp_path_factory.mktemp("site")
    done = _build(folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_broken_links_and_forgotten_pages_stop_the_build(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    text = "# Start\n\n[a](#nowhere) [b](gone.md) [c](/index.md)\n"
    (docs / "index.md").write_text(text, encoding="utf-8")
    (docs / "forgotten.md").write_text("# Forgotten\n", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(
        f"INHERIT: {ROOT / 'mkdocs.yml'}\nhooks: []\nnav: [index.md]\n",
        encoding="utf-8",
    )
    done = _build(tmp_path / "site", "-f", str(tmp_path / "mkdocs.yml"))
    assert done.returncode != 0
    assert "there is no such anchor" in done.stderr
    assert "'gone.md', but the target is not found" in done.stderr
    assert "absolute link '/index.md'" in done.stderr
    assert "forgotten.md" in done.stderr


def _text(page: Path) -> str:
    return html.unescape(page.read_text(encoding="utf-8"))


def _pages(site: Path) -> Iterator[Path]:
    return (page for page in site.rglob("*.html") if page.name != "404.html")


def test_every_shipped_rule_stands_there_with_its_source(site: Path) -> None:
    page = _text(site / "reference" / "rules.html")
    shipped = rule.shipped()
    assert shipped
    for each in shipped:
        assert f'id="{each.code}"' in page
        assert each.source in page
        assert each.name.zh in page


def test_every_key_figure_is_defined(site: Path) -> None:
    page = _text(site / "reference" / "kpis.html")
    missing = [
        name for name in get_args(kpi.KpiName) if f"<code>{name}</code>" not in page
    ]
    assert missing == []


def test_every_metric_is_listed_once(site: Path) -> None:
    metrics = tomllib.loads((ROOT / "parkpulse/model/metrics.toml").read_text("utf-8"))
    page = _text(site / "reference" / "quantities.html").split('id="quality-tests')[0]
    counts = {name: page.count(f"<code>{name}</code>") for name in metrics["metrics"]}
    assert set(counts.values()) == {1}


def test_every_end_point_is_listed(site: Path) -> None:
    document = json.loads((ROOT / "api" / "openapi.json").read_text("utf-8"))
    page = _text(site / "reference" / "endpoints.html")
    missing = [path for path in document["paths"] if f"<code>{path}</code>" not in page]
    assert missing == []


def test_every_page_is_reached_from_the_navigation(site: Path) -> None:
    start = _text(site / "index.html")
    pages = {str(page.relative_to(site)) for page in _pages(site)}
    assert len(pages) > 20
    assert {page for page in pages if f'href="{page}"' not in start} == set()


def test_no_mark_for_a_table_is_left(site: Path) -> None:
    for page in (site / "reference").glob("*.html"):
        assert not re.search(r"<!-- \w+ -->", _text(page)), page.name


def test_nothing_is_loaded_from_other_hosts(site: Path) -> None:
    found = {page.name: _LOADED.findall(_text(page)) for page in _pages(site)}
    assert {name: of for name, of in found.items() if of} == {}


def test_chinese_pages_say_so_to_screen_readers(site: Path) -> None:
    assert '<html lang="zh-CN"' in _text(site / "zh" / "index.html")
    assert '<html lang="en"' in _text(site / "index.html")
