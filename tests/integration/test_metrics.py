"""`GET /metrics` as Prometheus reads it, and its list in the docs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from api import metrics
from parkpulse.store import figures
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from tests.plugins.fix_api import Harbour, Site

GUIDE = Path(__file__).parents[2] / "docs" / "metrics.md"
_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$", re.MULTILINE)


def _documented() -> dict[str, tuple[str, list[str], str]]:
    return {
        name: (kind, re.findall(r"\w+", labels), meaning)
        for name, kind, labels, meaning in _ROW.findall(GUIDE.read_text())
    }


def test_each_figure_is_documented_and_none_that_is_not_there() -> None:
    told = {
        each.name: (each.kind, list(each.labels), each.meaning)
        for each in figures.FIGURES
    }
    own: dict[str, tuple[str, list[str], str]] = {}
    own |= {name: ("gauge", [], text) for name, text in metrics.MEANINGS.items()}
    own[metrics.CERTIFICATE] = ("gauge", ["use"], metrics.CERTIFICATE_MEANING)
    assert _documented() == told | own


def _scrape(site: Site) -> dict[str, dict[tuple[str, ...], float]]:
    answer = httpx.get(f"{site.url}/metrics", timeout=20.0)
    assert answer.headers["content-type"].startswith("text/plain")
    return _read(answer.text)


def _read(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(sample.labels.values())
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_a_scrape(site: Site, harbour: Harbour) -> None:
    found = _scrape(site)
    assert found["parkpulse_database_reachable"] == {(): 1.0}
    assert found["parkpulse_series"] == {(): float(len(harbour))}
    assert found["parkpulse_database_bytes"][()] > 1e6
    assert set(found["parkpulse_messages_total"]) == {
        (outcome,)
        for outcome in (
            *("received", "stored", "duplicate"),
            *("quarantined", "dropped_by_broker"),
        )
    }
    assert found["parkpulse_api_process_resident_memory_bytes"][()] > 1e6


def test_it_answers_without_the_database(database_url: str) -> None:
    away = Database(database_url)  # never opened
    found = _read(generate_latest(metrics.registry(away, {})).decode())
    assert found["parkpulse_database_reachable"] == {(): 0.0}
    assert "parkpulse_series" not in found


def test_each_answer_has_the_id_of_its_request(site: Site) -> None:
    def told(path: str, **headers: str) -> str:
        answer = httpx.get(f"{site.url}{path}", headers=headers, timeout=20.0)
        assert len(answer.headers.get_list("x-request-id")) == 1
        return answer.headers["x-request-id"]

    assert told("/api/v1/health", **{"X-Request-Id": "trace-7"}) == "trace-7"
    assert told("/api/v1/nothing", **{"X-Request-Id": "trace-8"}) == "trace-8"
    made = {told("/api/v1/health", **{"X-Request-Id": "not one"}) for _ in range(3)}
    assert len(made) == 3
