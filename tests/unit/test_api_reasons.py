"""Reasons of refusals in Chinese, as the code that refuses words them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import msgspec
import pytest

from api import problems, reasons
from parkpulse.errors import InvalidRequestError
from parkpulse.model import duty, typed
from parkpulse.model.duty import Person, Plan
from parkpulse.notify import guard
from parkpulse.query import alerts, documents, responses

if TYPE_CHECKING:
    from collections.abc import Callable


class _Item(msgspec.Struct, forbid_unknown_fields=True):
    count: Annotated[int, msgspec.Meta(ge=1)]
    code: Annotated[str, msgspec.Meta(max_length=3, pattern="^[a-z]+$")] = "a"


def _of(document: object) -> Callable[[], object]:
    return lambda: documents.convert(document, _Item, "/item")


def _hook(url: str) -> Callable[[], None]:
    return lambda: guard.validate(url, allow_private=False)


_PERSON = Person(code="li", name="Li")


@pytest.mark.parametrize(
    ("refused", "detail"),
    [
        (lambda: alerts.checked_actor(""), "姓名应为 1 至 100 个可打印字符"),
        (lambda: alerts.check_comment("x" * 9999), "备注最多 2000 个字符"),
        (lambda: typed.moment("9999-01-01T00:00Z", ""), "时间 9999-01-01T00:00Z"),
        (lambda: responses.read_document([]), "预案由 steps 与 commands 组成"),
        (lambda: duty.check(Plan(people=[_PERSON, _PERSON])), "li 重复"),
        (_hook("ftp://x"), "地址须以 http:// 或 https:// 加主机名开头"),
        (_hook("http://u@x"), "地址不能含用户名、密码或片段"),
        (_hook("http://localhost/"), "地址属于内网"),
        (_of({}), "缺少 count"),
        (_of({"count": 0}), "应>= 1"),
        (_of({"count": "1"}), "类型应为 int,而不是 str"),
        (_of({"count": 1, "code": "abcd"}), "长度应<= 3"),
        (_of({"count": 1, "code": "A"}), "含有不允许的字符"),
        (_of({"count": 1, "more": 1}), "没有 more 这一项"),
    ],
)
def test_a_reason_is_said_in_chinese(refused: Any, detail: str) -> None:  # noqa: ANN401 - any call
    with pytest.raises(InvalidRequestError) as caught:
        refused()
    error = caught.value
    told = problems.value_error(error.code, "/x", "zh", reason=str(error))["detail"]
    assert detail in told
    english = problems.value_error(error.code, "/x", "en", reason=str(error))["detail"]
    assert str(error) in english


def test_what_has_no_translation_stays_as_it_is() -> None:
    unknown = f"no such thing as {uuid4()}"
    assert reasons.said(unknown, "zh") == unknown
    assert reasons.said("", "zh") == ""
