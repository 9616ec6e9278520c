"""Errors as RFC 9457 problems, in the caller's language; nothing internal leaks."""

from __future__ import annotations

import logging
import math
import re
import tomllib
import uuid
from collections import defaultdict
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import language, reasons
from parkpulse.errors import (
    BusyError,
    ConflictError,
    ForbiddenError,
    IllegalTransitionError,
    InvalidRequestError,
    NotFoundError,
    ServiceError,
    StoreUnavailableError,
    TooManyAttemptsError,
    UnauthenticatedError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI

    from api.language import Language

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)
_LONGEST_KEY = 64
_QUERY_CANCELED = "57014"
_RETRY_AFTER_S = "2"
_PUSH = "/push/"
_LINK = "/a/"

_BY_STATUS = {
    404: "no_such_path",
    405: "method_not_allowed",
}
_BY_TYPE = {
    "missing": "missing",
    "int_parsing": "not_an_integer",
    "int_parsing_size": "not_an_integer",
    "int_from_float": "not_an_integer",
    "int_type": "not_an_integer",
    "float_parsing": "not_a_number",
    "float_type": "not_a_number",
    "finite_number": "not_a_number",
    "bool_parsing": "not_a_boolean",
    "bool_type": "not_a_boolean",
    "datetime_type": "not_a_time",
    "datetime_parsing": "not_a_time",
    "datetime_from_date_parsing": "not_a_time",
    "datetime_object_invalid": "not_a_time",
    "timezone_aware": "not_a_time",
    "date_type": "not_a_date",
    "date_parsing": "not_a_date",
    "date_from_datetime_parsing": "not_a_date",
    "date_from_datetime_inexact": "not_a_date",
    "uuid_parsing": "not_an_id",
    "uuid_type": "not_an_id",
    "json_invalid": "not_json",
    "string_type": "wrong_type",
    "string_unicode": "bad_characters",
    "dict_type": "wrong_type",
    "model_type": "wrong_type",
    "model_attributes_type": "wrong_type",
    "list_type": "wrong_type",
    "greater_than_equal": "too_small",
    "greater_than": "too_small",
    "less_than_equal": "too_large",
    "less_than": "too_large",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "literal_error": "unknown_value",
    "enum": "unknown_value",
    "unknown_zone": "unknown_zone",
    "invalid_windows": "invalid_windows",
    "extra_forbidden": "unknown_parameter",
    "string_pattern_mismatch": "bad_characters",
}
_QUOTED = re.compile(r"'([^']*)'")
_WORDS = "literal_error"
_GENERAL = "invalid_value"
_SAID = "said_value"
"""The same with its reason."""
_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length")


def _read() -> dict[str, Any]:
    return tomllib.loads(
        resources.files("api").joinpath("problems.toml").read_text("utf-8")
    )


TEXTS = _read()
"""Titles and details of all codes, in both languages."""


class Problem(msgspec.Struct, omit_defaults=True):
    """The body of an error."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str | None = None
    errors: list[dict[str, str]] = []


def wanted_language(headers: Mapping[str, str]) -> Language:
    """Language of the caller, from the headers of a request."""
    return language.preferred(headers.get("accept-language", ""))


def build(code: str, speech: Language, **values: str) -> Problem:
    """Make the problem of a code; `values` fill its text."""
    entry = TEXTS["problems"][code]
    return Problem(
        type=f"/api/docs#{code}",
        title=entry["title"][speech],
        status=entry["status"],
        code=code,
        detail=_sentence(entry["detail"][speech].format_map(values)),
    )


def respond(
    request: Request, code: str, headers: Mapping[str, str] | None = None, **values: str
) -> Response:
    """Answer a request with the problem of a code."""
    return answer(
        request, build(code, wanted_language(request.headers), **values), headers
    )


def answer(
    request: Request, problem: Problem, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer a request with a problem."""
    return Response(
        msgspec.json.encode(problem),
        problem.status,
        {
            "content-language": wanted_language(request.headers),
            "cache-control": "no-store",
            **(headers or {}),
        },
        MEDIA_TYPE,
    )


def value_error(
    code: str, pointer: str, speech: Language, **values: str
) -> dict[str, str]:
    """Say what is wrong with one value.

    A code without a sentence of its own gets a general one, with the reason if there
    is one.
    """
    reason = reasons.said(values.get("reason", ""), speech)
    entry = TEXTS["values"].get(code, TEXTS["values"][_GENERAL])
    if reason and entry is TEXTS["values"][_GENERAL]:
        entry = TEXTS["values"][_SAID]
    return {
        "pointer": pointer,
        "code": code,
        "detail": entry[speech].format_map(
            defaultdict(str, {**values, "reason": reason})
        ),
    }


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _word(text: str, speech: Language) -> str:
    return str(TEXTS["words"].get(text, {}).get(speech, text))


def _not_found(request: Request, error: NotFoundError) -> Response:
    speech = wanted_language(request.headers)
    kind, key = _word(error.kind, speech), error.key[:_LONGEST_KEY]
    return respond(request, "not_found", kind=kind, key=key)


def _illegal(request: Request, error: IllegalTransitionError) -> Response:
    speech = wanted_language(request.headers)
    current, wanted = _word(error.current, speech), _word(error.wanted, speech)
    return respond(request, "illegal_transition", current=current, wanted=wanted)


def _conflict(request: Request, _: ConflictError) -> Response:
    return respond(request, "conflict")


def _unavailable(request: Request, error: StoreUnavailableError) -> Response:
    is_slow = getattr(error.__cause__, "sqlstate", None) == _QUERY_CANCELED
    if not is_slow:
        _log.warning("database away: %s", error)
    code = "query_too_slow" if is_slow else "database_unavailable"
    return respond(request, code, {"retry-after": _RETRY_AFTER_S})


def _forbidden(request: Request, error: ForbiddenError) -> Response:
    # A scope is called as it is written; roles have names.
    is_scope = error.code == "token_scope"
    speech = wanted_language(request.headers)
    role = error.role if is_scope else _word(error.role, speech)
    return respond(request, error.code, role=role)


def _unauthenticated(request: Request, error: UnauthenticatedError) -> Response:
    return respond(request, error.code, {"www-authenticate": "Bearer"})


def _busy(request: Request, _: BusyError) -> Response:
    return respond(request, "busy", {"retry-after": _RETRY_AFTER_S})


def _no_service(request: Request, error: ServiceError) -> Response:
    _log.warning("%s", error)
    reason = reasons.said(str(error), wanted_language(request.headers))
    return respond(request, "service_missing", reason=reason)


def _too_many(request: Request, error: TooManyAttemptsError) -> Response:
    wait = str(math.ceil(error.wait_s))
    return respond(request, "too_many_attempts", {"retry-after": wait}, wait=wait)


def _invalid(request: Request, error: InvalidRequestError) -> Response:
    speech = wanted_language(request.headers)
    problem = build("invalid_request", speech)
    reason = str(error).rstrip(".")
    problem.errors = [value_error(error.code, error.pointer, speech, reason=reason)]
    return answer(request, problem)


def _validation(request: Request, error: RequestValidationError) -> Response:
    speech = wanted_language(request.headers)
    problem = build("invalid_request", speech)
    problem.errors = [_value_of(each, speech) for each in _joined(error.errors())]
    return answer(request, problem)


def _joined(errors: Sequence[Any]) -> list[dict[str, Any]]:
    """Make one of the errors of a value that may be of several kinds of words."""
    found: list[dict[str, Any]] = []
    words: dict[tuple[str | int, ...], dict[str, Any]] = {}
    for each in errors:
        place = tuple(part for part in each["loc"] if not _is_branch(part))
        error = {**each, "loc": place}
        if error["type"] != _WORDS:
            found.append(error)
        elif place in words:
            expected = words[place]["ctx"]["expected"] + each["ctx"]["expected"]
            words[place]["ctx"] = {"expected": expected}
        else:
            words[place] = error
            found.append(error)
    return found


def _is_branch(part: str | int) -> bool:
    """Whether a part of a location names one of the words' kinds, not a field."""
    return isinstance(part, str) and part.startswith("literal[")


def _value_of(error: Mapping[str, Any], speech: Language) -> dict[str, str]:
    context = error.get("ctx", {})
    limits = [str(context[name]) for name in _LIMITS if name in context]
    return value_error(
        _BY_TYPE.get(error["type"], _GENERAL),
        _pointer(error["loc"], error["type"]),
        speech,
        limit=limits[0] if limits else "",
        expected=_listed(str(context.get("expected", "")), speech),
        reason=str(context.get("error", "")),
    )


def _listed(expected: str, speech: Language) -> str:
    """Write pydantic's `'a', 'b' or 'c'` as a list in the caller's language."""
    return ("、" if speech == "zh" else ", ").join(_QUOTED.findall(expected))


def _pointer(location: Sequence[str | int], kind: str) -> str:
    """Name of a parameter, or JSON pointer (RFC 6901) into the body."""
    where, *path = location
    if where != "body":
        return str(path[0]) if path else str(where)
    if kind == "json_invalid":
        return ""
    return "".join(f"/{_escape(str(part))}" for part in path)


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _http(request: Request, error: HTTPException) -> Response:
    code = _BY_STATUS.get(error.status_code, "bad_request")
    return respond(request, code, error.headers)


def internal(request: Request, error: Exception) -> Response:
    """Answer a request at which something unexpected failed, and write it down."""
    problem = build("internal", wanted_language(request.headers))
    problem.instance = uuid.uuid4().urn
    path = masked(request.url.path)
    _log.error("%s failed, %s", path, problem.instance, exc_info=error)
    return answer(request, problem)


def masked(path: str) -> str:
    """Return a path for the log, without the token of a push address or a link."""
    if path.startswith(_LINK):
        return f"{_LINK}…"
    if not path.startswith(_PUSH):
        return path
    return f"{_PUSH}{path.removeprefix(_PUSH).partition('/')[0]}/…"


def install(app: FastAPI) -> None:
    """Answer every error of this application with a problem."""
    handlers: dict[type[Exception], Any] = {
        NotFoundError: _not_found,
        IllegalTransitionError: _illegal,
        ConflictError: _conflict,
        ForbiddenError: _forbidden,
        UnauthenticatedError: _unauthenticated,
        TooManyAttemptsError: _too_many,
        BusyError: _busy,
        ServiceError: _no_service,
        InvalidRequestError: _invalid,
        StoreUnavailableError: _unavailable,
        RequestValidationError: _validation,
        HTTPException: _http,
        Exception: internal,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
