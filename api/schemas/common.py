"""Building blocks of all requests and answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

T = TypeVar("T")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)"
)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"


def _written_time(value: object) -> object:
    if not isinstance(value, str):
        return value
    # A plus that was not percent-encoded arrives as a space.
    text = re.sub(r" (\d\d:?\d\d)$", r"+\1", value)
    if not _TIME.fullmatch(text):
        kind, message = "datetime_parsing", "no time with zone"
        raise PydanticCustomError(kind, message)
    return text


def _within_reach(value: datetime) -> datetime:
    if not _EARLIEST <= value <= _LATEST:
        kind = "less_than_equal" if value > _LATEST else "greater_than_equal"
        limit = {"ge": _EARLIEST.isoformat(), "le": _LATEST.isoformat()}
        used = "le" if value > _LATEST else "ge"
        message = "out of reach"
        raise PydanticCustomError(kind, message, {used: limit[used]})
    return value.astimezone(UTC)


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse a document with texts that no database and no file can hold."""
    waiting: list[Any] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, str) and _UNSTORABLE.search(part):
            kind, message = "string_unicode", "not for storing"
            raise PydanticCustomError(kind, message)
    return value


Document = Annotated[dict[str, Any], AfterValidator(_storable)]
"""JSON of any form, which is looked at more closely later."""
Moment = Annotated[
    AwareDatetime, BeforeValidator(_written_time), AfterValidator(_within_reach)
]
"""A time of a request: RFC 3339 with zone."""
Text = Annotated[str, StringConstraints(max_length=500, pattern=_NO_CONTROLS)]
"""A short text of a request."""
Code = Annotated[str, StringConstraints(max_length=64, pattern=_NO_CONTROLS)]
"""Id of a park or of something within it."""
Cursor = Annotated[str, StringConstraints(max_length=4000, pattern=_NO_CONTROLS)]
"""Where a page begins; holds what its list is sorted by, which may be a long text."""
SeriesId = Annotated[int, Field(ge=1, le=2**31 - 1)]


def example(value: dict[str, Any]) -> ConfigDict:
    """Configure a model to show this example in the documentation."""
    return ConfigDict(json_schema_extra={"example": value})


class Answer(BaseModel):
    """What is sent; read from the attributes of a value of the query layer."""

    model_config = ConfigDict(from_attributes=True)


class Request(BaseModel):
    """What is taken; a parameter that does not exist is an error."""

    model_config = ConfigDict(extra="forbid")


class Paged(Request):
    """A list that comes in pages."""

    limit: int = Field(default=100, ge=1, le=1000, description="Most items of a page.")
    cursor: Cursor | None = Field(
        default=None, description="`next` of the page before, as it was given."
    )


class Exported(Request):
    """Something that can be had as a table."""

    format: Literal["json", "csv"] | None = Field(
        default=None, description="`csv` for a table; else the Accept header decides."
    )


class Sorted(Paged, Exported):
    """A list in an order that may be chosen; each says which there are."""

    sort: str


class Name(Answer):
    """What people call it."""

    zh: str
    en: str


class Page(Answer, Generic[T]):
    """Some items of a list."""

    items: list[T]
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class ValueProblem(Answer):
    """What is wrong with one value."""

    pointer: str = Field(
        description="Name of the parameter, or JSON pointer into the body."
    )
    code: str
    detail: str


class Problem(Answer):
    """An error (RFC 9457)."""

    model_config = example(
        {
            "type": "/api/docs#invalid_request",
            "title": "Invalid request",
            "status": 422,
            "code": "invalid_request",
            "detail": "Some values are not acceptable; errors names each.",
            "errors": [
                {
                    "pointer": "limit",
                    "code": "too_large",
                    "detail": "This must be at most 1000.",
                }
            ],
        }
    )

    type: str
    title: str
    status: int
    code: str = Field(description="Stable; listed in /api/docs.")
    detail: str = Field(description="In the language of Accept-Language.")
    instance: str | None = None
    errors: list[ValueProblem] = []
