"""Errors are problems in the caller's language, and complete."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from api import language, problems
from parkpulse.errors import InvalidRequestError, NotFoundError


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("de, zh-Hant;q=0.5, en;q=0.1", "zh"),
        ("de", "en"),
        ("*", "en"),
        ("zh;q=0", "en"),
        ("zh;q=high", "en"),
        ("zh;q=nan", "en"),
        ("zh;q=2,en;q=0.1", "en"),
        (";;,,", "en"),
    ],
)
def test_language(header: str, expected: str) -> None:
    assert language.preferred(header) == expected


def _fields(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


@pytest.mark.parametrize("code", problems.TEXTS["problems"])
def test_a_problem_in_both_languages(code: str) -> None:
    entry = problems.TEXTS["problems"][code]
    assert 400 <= entry["status"] <= 503
    assert _fields(entry["detail"]["en"]) == _fields(entry["detail"]["zh"])
    values = dict.fromkeys(_fields(entry["detail"]["en"]), "7")
    english, chinese = (
        problems.build(code, speech, **values) for speech in ("en", "zh")
    )
    assert english.code == code
    assert english.detail.isascii()
    assert not chinese.detail.isascii()
    assert english.title != chinese.title


@pytest.mark.parametrize("section", ["values", "words", "health"])
def test_texts_have_the_same_fields_in_both_languages(section: str) -> None:
    for code, entry in problems.TEXTS[section].items():
        assert set(entry) == {"en", "zh"}, code
        assert _fields(entry["en"]) == _fields(entry["zh"]), code
        assert not entry["zh"].isascii(), code


def test_every_kind_of_validation_error_has_a_text() -> None:
    assert set(problems._BY_TYPE.values()) <= set(problems.TEXTS["values"])
    assert set(problems._BY_STATUS.values()) <= set(problems.TEXTS["problems"])


def test_what_is_not_found_has_a_name_in_both_languages() -> None:
    """Kinds of things stand beside NotFoundError."""
    root = Path(problems.__file__).parents[1]
    folders = [root / "parkpulse" / name for name in ("query", "store", "wire")]
    texts = [
        file.read_text()
        for folder in (*folders, root / "parkpulse" / "reports", root / "api")
        for file in folder.rglob("*.py")
    ]
    kind = re.compile(r'^(?:_?KIND|    +kind) = "([a-z ]+)"$', re.MULTILINE)
    found = {
        each
        for text in texts
        if NotFoundError.__name__ in text
        for each in kind.findall(text)
    }
    assert len(found) > 15
    assert found <= set(problems.TEXTS["words"])


def test_every_code_of_the_query_layer_has_a_text() -> None:
    """The codes stand as literals beside InvalidRequestError, or in `_refuse`."""
    folder = Path(problems.__file__).parents[1] / "parkpulse" / "query"
    raising = [
        file
        for file in folder.glob("*.py")
        if InvalidRequestError.__name__ in file.read_text()
    ]
    assert raising
    known = problems.TEXTS["values"]
    for file in raising:
        for line in file.read_text().splitlines():
            if 'InvalidRequestError("' in line or '_refuse("' in line:
                assert line.split('"')[1] in known, (file.name, line)


@pytest.mark.parametrize(
    ("location", "kind", "expected"),
    [
        (("query", "limit"), "int_parsing", "limit"),
        (("path", "series_id"), "int_parsing", "series_id"),
        (("body",), "missing", ""),
        (("body", "actor"), "missing", "/actor"),
        (("body", "a/b~c", 3), "missing", "/a~1b~0c/3"),
        (("body", 17), "json_invalid", ""),
        (("query",), "missing", "query"),
    ],
)
def test_pointer(location: tuple[str | int, ...], kind: str, expected: str) -> None:
    assert problems._pointer(location, kind) == expected


def test_an_unknown_code_gets_a_general_sentence() -> None:
    found = problems.value_error("new_code", "q", "en")
    assert found == {
        "pointer": "q",
        "code": "new_code",
        "detail": "This value is not acceptable.",
    }
