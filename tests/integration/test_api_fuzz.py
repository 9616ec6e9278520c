"""No parameter, however senseless, makes the service fail."""

from __future__ import annotations

import copy
import functools
import json
import random
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from api import examples, openapi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugins.fix_api import Harbour, Site

NASTY = [
    "",
    " ",
    "0",
    "-1",
    "1",
    "7",
    "1e400",
    "NaN",
    "9" * 40,
    "true",
    "null",
    "[]",
    "\x00",
    "\x7f",
    "'; drop table park; --",
    "%",
    "_",
    "\\",
    "../..",
    "雨量",
    "\U0001f327",
    "a" * 3000,
    "2026-03-10T12:00:00Z",
    "2026-03-09T12:00:00+08:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30T00:00:00Z",
    "raw",
    "csv",
    "harbour",
    "W10",
    "WyJjb2RlIiwibGV2ZWwtMSJd",
    "WyItYXQiLDk5OTk5OTk5OTk5OTk5OTk5OTksIngiXQ",
    "00000000-0000-0000-0000-000000000000",
]
GOOD_PATH = {"park": "harbour", "centre": "dc1", "series_id": "1"}


def value(dice: random.Random, parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    known = schema.get("enum") or schema.get("items", {}).get("enum")
    if known and dice.random() < 0.6:
        return str(dice.choice(known))
    if schema.get("format") == "date-time" and dice.random() < 0.6:
        return dice.choice(["2026-03-09T12:00:00Z", "2026-03-10T12:00:00Z"])
    return dice.choice(NASTY)


def address(dice: random.Random, path: str, operation: dict[str, Any]) -> str:
    query = []
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        if parameter["in"] == "path":
            good = GOOD_PATH.get(name)
            text = good if good and dice.random() < 0.7 else dice.choice(NASTY)
            path = path.replace(f"{{{name}}}", quote(text, safe="") or "%20")
        elif parameter["in"] == "query" and dice.random() < 0.5:
            query.append(f"{quote(name)}={quote(value(dice, parameter), safe='')}")
    if dice.random() < 0.1:
        query.append("unknown=1")
    return f"{path}?{'&'.join(query)}"


@pytest.mark.parametrize("seed", range(4))
def test_reading(site: Site, harbour: Harbour, seed: int) -> None:
    site.raise_alert(harbour["level-1", "water_level"])
    dice = random.Random(seed)  # noqa: S311 - no secret
    document = site.get("/openapi.json")
    reading = [
        (path, operation)
        for path, method, operation in openapi.operations(document)
        if method == "get" and not path.endswith("/stream")
    ]
    answered = set()
    for _ in range(150):
        path, operation = dice.choice(reading)
        asked = address(dice, path, operation)
        answer = site.request("GET", asked)
        assert answer.status_code < 500, (asked, answer.text)
        answered.add(answer.status_code)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", asked
            assert answer.json()["code"] != "bad_request", asked
    assert {200, 404, 422} <= answered


def test_changing(site: Site, harbour: Harbour) -> None:
    alert = site.raise_alert(harbour["level-1", "water_level"]).id
    path = f"/api/v1/alerts/{alert}/acknowledge"
    json_type = {"Content-Type": "application/json"}
    bodies = [text.encode() for text in NASTY] + [
        b'{"actor": "\\ud800"}',
        b'{"actor": "a\\u0000b"}',
        b'{"actor": "x", "comment": "\\u0000"}',
        b'{"actor": "x", "version": 1e400}',
        b'{"actor": "x", "version": 123456789012345678901234567890}',
        b'{"actor": ["x"]}',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"actor": "x", "actor": null}',
    ]
    for body in bodies:
        answer = site.request("POST", path, content=body, headers=json_type)
        assert 400 <= answer.status_code < 500, (body[:60], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert site.get(f"/alerts/{alert}")["state"] == "unacknowledged"


SENSELESS = ['"a\\u0000b"', '"\\ud800"', '{"\\ud800": 1}', "[[]]", "NaN", "1e999"]
"""JSON that stands in the place of something else."""


def places(example: object, path: tuple[str | int, ...] = ()) -> Iterator[Any]:
    """All paths into an example; of a list only the first."""
    yield path
    if isinstance(example, dict):
        for name, each in example.items():
            yield from places(each, (*path, name))
    if isinstance(example, list) and example:
        yield from places(example[0], (*path, 0))


def spoilt(example: object, path: tuple[str | int, ...], text: str) -> str:
    """Write an example with something else in one place."""
    mark = "something else"
    if not path:
        return text
    copied = part = copy.deepcopy(example)
    for name in path[:-1]:
        part = part[name]  # type: ignore[index]
    part[path[-1]] = mark  # type: ignore[index]
    return json.dumps(copied).replace(f'"{mark}"', text)


@pytest.mark.usefixtures("harbour")
def test_bodies_of_every_kind(site: Site) -> None:
    dice = random.Random(6)  # noqa: S311 - no secret
    json_type = {"Content-Type": "application/json"}
    for operation, example in examples.REQUESTS.items():
        method, path = operation.replace("{park}", "harbour").split(" ")
        path = path.replace("{centre}", "dc1").replace("{rule}", "stage")
        path = re.sub(r"\{\w+_id\}", "1", re.sub(r"\{(device|name)\}", "level-1", path))
        for place in places(example):
            body = spoilt(example, place, dice.choice(SENSELESS)).encode()
            answer = site.request(
                method, f"/api/v1{path}", content=body, headers=json_type
            )
            assert answer.status_code < 500, (operation, body, answer.text)
            assert answer.status_code != 400, (operation, body, answer.text)


def _filled(known: dict[str, str], found: re.Match[str]) -> str:
    return known.get(found[1], "1")


@pytest.mark.usefixtures("harbour")
def test_paths_of_every_kind(site: Site) -> None:
    document = site.get("/openapi.json")
    for path, method, _ in openapi.operations(document):
        for name in re.findall(r"\{(\w+)\}", path):
            for bad in ("a%00b", "%ff", "%E2%80%AE", "9" * 30):
                known = {"park": "harbour", "centre": "dc1", name: bad}
                asked = re.sub(
                    r"\{(\w+)\}",
                    functools.partial(_filled, known),
                    path,
                )
                answer = site.request(
                    method,
                    asked,
                    content=b"{}",
                    headers={"Content-Type": "application/json"},
                )
                assert 400 < answer.status_code < 500, (method, asked, answer.text)
