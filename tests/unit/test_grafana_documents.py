"""The dashboards as documents: what is committed, and that they keep to their style."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from dashboards.grafana import documents
from dashboards.grafana.cli import grafana
from dashboards.grafana.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboards.grafana.documents import Document
    from dashboards.grafana.words import Language

_FOLDER = Path(documents.__file__).parent
_CODES = {
    "overview",
    "storm",
    "tunnel",
    "data-centre",
    "portfolio",
    "devices",
    "ingest",
    "alerts",
}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ABNORMAL = {"red", "orange", "yellow", "blue", "text", "#7d8a96"}
ALL: dict[tuple[Language, str], Document] = {
    (language, code): document
    for language in LANGUAGES
    for code, document in documents.documents(documents.PAGE, language).items()
}


def _every(value: Any, key: str) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for each in value.values():
            yield from _every(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _every(each, key)


def test_what_is_committed_is_what_the_code_makes() -> None:
    made = documents.files(documents.PAGE)
    for path, text in made.items():
        assert (_FOLDER / path).read_text("utf-8") == text, (
            f"{path}: run 'parkpulse grafana export dashboards/grafana'"
        )
    there = {
        str(file.relative_to(_FOLDER)) for file in (_FOLDER / "json").rglob("*.json")
    }
    assert there == {path for path in made if path.startswith("json/")}


def test_export_writes_the_same_files_with_our_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKPULSE_PUBLIC_URL", documents.PAGE + "/")
    result = CliRunner().invoke(grafana, ["export", str(tmp_path)])
    assert result.exception is None
    for path, text in documents.files(documents.PAGE).items():
        assert (tmp_path / path).read_text("utf-8") == text


def test_every_question_of_the_plan_has_a_dashboard_in_both_languages() -> None:
    for language in LANGUAGES:
        assert {code for each, code in ALL if each == language} == _CODES


@pytest.mark.parametrize("code", sorted(_CODES))
def test_both_languages_show_the_same(code: str) -> None:
    zh, en = ALL["zh", code], ALL["en", code]
    for each, other in zip(zh["panels"], en["panels"], strict=True):
        assert (each["type"], each["gridPos"]) == (other["type"], other["gridPos"])
        forms = [[t["format"] for t in panel["targets"]] for panel in (each, other)]
        assert forms[0] == forms[1]
    names = [[v["name"] for v in d["templating"]["list"]] for d in (zh, en)]
    assert names[0] == names[1]


@pytest.mark.parametrize(("language", "code"), ALL)
def test_a_dashboard_speaks_one_language(language: Language, code: str) -> None:
    document = ALL[language, code]
    shown = [
        document["title"],
        *_every(document["panels"], "title"),
        *_every(document["panels"], "description"),
        *_every(document["templating"], "label"),
        *[
            each["value"]
            for panel in document["panels"]
            for override in panel["fieldConfig"]["overrides"]
            for each in override["properties"]
            if each["id"] == "displayName"
        ],
        *_every(document["panels"], "text"),
    ]
    assert len(shown) > 10
    if language == "en":
        assert [text for text in shown if _CHINESE.search(text)] == []
    else:
        latin = {text for text in shown if not _CHINESE.search(text)}
        assert latin <= {"PUE"}


@pytest.mark.parametrize(("language", "code"), ALL)
def test_ids_are_unique_and_panels_fill_the_grid(language: Language, code: str) -> None:
    document = ALL[language, code]
    assert document["uid"] == f"parkpulse-{language}-{code}"
    ids = [panel["id"] for panel in document["panels"]]
    assert ids == list(range(1, len(ids) + 1))
    places = [panel["gridPos"] for panel in document["panels"]]
    cells = {
        (x, y)
        for at in places
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    }
    area = sum(at["w"] * at["h"] for at in places)
    assert len(cells) == area, "panels overlap"
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize(("language", "code"), ALL)
def test_grey_is_good(language: Language, code: str) -> None:
    document = ALL[language, code]
    kinds = {panel["type"] for panel in document["panels"]}
    assert kinds <= {"timeseries", "table", "stat", "bargauge", "state-timeline"}
    colors = set(_every(document["panels"], "fixedColor"))
    for panel in document["panels"]:
        defaults = panel["fieldConfig"]["defaults"]
        colors |= {step["color"] for step in defaults["thresholds"]["steps"]}
        assert defaults.get("color", {}).get("mode", "fixed") in {
            "fixed",
            "shades",
            "thresholds",
        }
    assert colors <= _ABNORMAL


@pytest.mark.parametrize(("language", "code"), ALL)
def test_queries_read_the_views_only(language: Language, code: str) -> None:
    document = ALL[language, code]
    queries = [
        *_every(document["panels"], "rawSql"),
        *_every(document["annotations"], "rawSql"),
        *[
            each["query"]
            for each in document["templating"]["list"]
            if each["type"] == "query"
        ],
    ]
    for sql in queries:
        assert "dashboard." in sql
        assert "@@" not in sql
        assert not re.search(r"\$\{(?!\w+:sqlstring\})|\$(?!__|\{)", sql), sql
        assert not re.search(
            r"(?:from|join)\s+(?!dashboard\.|\(|lateral|\w+ )\w+\.", sql
        )


def test_variables_follow_each_other() -> None:
    for (_, code), document in ALL.items():
        names = [each["name"] for each in document["templating"]["list"]]
        assert names[0] == "park"
        assert names[-1] == "page"
        if code in {"storm", "tunnel", "devices"}:
            assert names == ["park", "place", "device", "page"]


def test_a_link_leads_from_an_alert_to_our_page() -> None:
    document = ALL["en", "overview"]
    links = [
        each["url"]
        for found in _every(document["panels"], "properties")
        for prop in found
        if prop["id"] == "links"
        for each in prop["value"]
    ]
    assert "${page}/#/${park}/alerts/${__data.fields.id}" in links


def test_a_document_survives_json() -> None:
    for document in ALL.values():
        assert json.loads(documents.text(document)) == document
