"""The OpenAPI document: problems on every operation, an example in every answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from api import examples, problems
from api.schemas.common import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

TAGS = [
    {"name": "parks", "description": "Parks, places and data centres now."},
    {"name": "devices", "description": "What senses."},
    {"name": "series", "description": "What is measured: newest, ranges, sums."},
    {"name": "kpis", "description": "PUE and renewable share with their evidence."},
    {"name": "reports", "description": "Frozen figures as PDF and workbook."},
    {"name": "alerts", "description": "What is wrong, and who has seen it."},
    {"name": "rules", "description": "What makes an alert."},
    {"name": "channels", "description": "Who is told, and whether it arrived."},
    {"name": "ledger", "description": "What arrived and what became of it."},
    {
        "name": "registry",
        "description": "Parks and devices as registered.",
    },
    {"name": "profiles", "description": "How foreign messages are read."},
    {"name": "decode", "description": "Try what a message says."},
    {"name": "live", "description": "Server-sent events of a park."},
    {"name": "simulation", "description": "Simulated parks for training."},
    {"name": "accounts", "description": "Login, users, API tokens, and the audit."},
    {"name": "health", "description": "Whether the service is well."},
]
DESCRIPTION = """\
Smart-park sensing and data-centre efficiency (园区脉搏).

Times are RFC 3339 in UTC, periods `[start, end)`. Lists are `{items, next}`: pass
`next` as `cursor` for the page that follows. Errors are problems (RFC 9457) whose
`detail` is English or Chinese by `Accept-Language`; `code` is stable.

As soon as there is a user everything needs a login (the cookie of `POST /login`) or an
API token (`Authorization: Bearer pp_…`). A park that one may not see does not exist.
"""
_REF = "#/components/schemas/"
SCHEMES: dict[str, dict[str, str]] = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "parkpulse",
        "description": "Set by `POST /login`; by HTTPS it is `__Host-parkpulse`.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API token, made by an administrator.",
    },
}
PREFIX = "/api/v1"
_CHANGES = ("acknowledge", "change_by")
_OWN = {
    "start_training": ["training_off", "training_running", "not_found"],
    "stop_training": ["training_off"],
    "log_in": ["login_failed", "too_many_attempts"],
    "change_password": ["too_many_attempts"],
    "set_up": ["set_up_used"],
    "write_readings": ["nobody_listens", "readings_not_taken", "invalid_request"],
}
"""Problems of single operations, by the beginning of their ids."""
_STRANGERS = ("alive", "ready", "who_am_i", "log_in", "set_up")
"""Operations that need no login."""
_METHODS = ("get", "post", "put", "patch", "delete")


def build(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the application; made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _complete(
            get_openapi(
                title=app.title,
                version=app.version,
                description=DESCRIPTION,
                routes=app.routes,
                tags=TAGS,
            )
        )
    return app.openapi_schema


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """All operations as (path, method, operation)."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    template = _REF + "{model}"
    own = Problem.model_json_schema(ref_template=template)
    schemas.update(own.pop("$defs", {}))
    schemas["Problem"] = own
    document["components"]["securitySchemes"] = SCHEMES
    document["security"] = [{name: []} for name in SCHEMES]
    for path, method, operation in operations(document):
        _add_unchanged(method, operation)
        _add_problems(path, method, operation)
        _add_table(operation)
        _add_example(operation, schemas)
        _add_request(path, method, operation)
    return document


def _add_problems(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    # FastAPI describes these in its own form.
    takes_values = responses.pop("422", None) is not None
    for code in _codes(path, method, operation, takes_values=takes_values):
        entry = problems.TEXTS["problems"][code]
        responses.setdefault(str(entry["status"]), _problem(code))


def _codes(
    path: str, method: str, operation: dict[str, Any], *, takes_values: bool
) -> list[str]:
    codes = ["internal"]
    if operation["tags"] != ["health"]:
        codes.append("database_unavailable")
    codes += _refusals(operation)
    if takes_values:
        codes.append("invalid_request")
    if "{" in path:
        codes.append("not_found")
    if method != "get":
        codes += ["media_type", "body_too_large", "origin_not_allowed"]
    if operation["operationId"].startswith(_CHANGES):
        codes.append("illegal_transition")
    for name, own in _OWN.items():
        if operation["operationId"].startswith(name):
            codes += own
    return codes


def _refusals(operation: dict[str, Any]) -> list[str]:
    if operation["operationId"].startswith(_STRANGERS):
        operation["security"] = []
        return []
    return ["login_required", "role_lacks"]


def _problem(code: str) -> dict[str, Any]:
    title = problems.TEXTS["problems"][code]["title"]["en"]
    content: dict[str, Any] = {"schema": {"$ref": _REF + "Problem"}}
    return {"description": title, "content": {problems.MEDIA_TYPE: content}}


def _add_unchanged(method: str, operation: dict[str, Any]) -> None:
    success = operation["responses"].get("200", {})
    if method == "get" and "application/json" in success.get("content", {}):
        success["headers"] = {"ETag": {"schema": {"type": "string"}}}
        said = "Unchanged since the ETag that If-None-Match names."
        operation["responses"]["304"] = {"description": said}


def _add_table(operation: dict[str, Any]) -> None:
    if any(map(_is_table, operation.get("parameters", ()))):
        (success,) = operation["responses"].keys() & {"200", "201"}
        content = operation["responses"][success]["content"]
        content["text/csv"] = {"schema": {"type": "string"}}


def _is_table(parameter: dict[str, Any]) -> bool:
    return parameter["name"] == "format" and "csv" in json.dumps(parameter["schema"])


def _add_request(path: str, method: str, operation: dict[str, Any]) -> None:
    found = examples.REQUESTS.get(f"{method.upper()} {path.removeprefix(PREFIX)}")
    if found is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = found


def _add_example(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        content = response.get("content", {}).get("application/json")
        if content is None or not status.startswith("2"):
            continue
        found = _example(content["schema"], schemas)
        if found is not None:
            content["example"] = found


def _example(schema: dict[str, Any], schemas: dict[str, Any]) -> object:
    """Find the example of a schema; that of a list is one of its items."""
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].removeprefix(_REF)], schemas)
    if "example" in schema:
        return schema["example"]
    properties = schema.get("properties", {})
    if "items" in properties and "next" in properties:
        return {
            "items": [_example(properties["items"]["items"], schemas)],
            "next": None,
        }
    return None
