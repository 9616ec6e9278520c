"""The API's reference as one plain HTML page, made from the OpenAPI document."""

from __future__ import annotations

import json
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from api import openapi, problems

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Parkpulse API</title><link rel="stylesheet" href="/api/docs.css"></head>
<body><h1>Parkpulse API</h1>{body}</body></html>
"""


def page(document: dict[str, Any]) -> Response:
    """Answer with the reference."""
    return HTMLResponse(
        _PAGE.format(body="\n".join(_body(document))),
        headers={"cache-control": "no-cache"},
    )


def style() -> Response:
    """Answer with the style sheet of the reference."""
    text = resources.files("api").joinpath("docs.css").read_text("utf-8")
    return Response(text, media_type="text/css")


def _body(document: dict[str, Any]) -> Iterator[str]:
    for paragraph in document["info"]["description"].split("\n\n"):
        yield f"<p>{_text(paragraph)}</p>"
    yield '<p><a href="/api/v1/openapi.json">OpenAPI</a></p>'
    for tag in document["tags"]:
        yield f"<h2>{_text(tag['name'])}</h2><p>{_text(tag['description'])}</p>"
        for path, method, operation in openapi.operations(document):
            if tag["name"] in operation["tags"]:
                yield from _operation(path, method, operation)
    yield "<h2>Errors</h2><p>What <code>code</code> may be, and its status.</p>"
    yield from _errors()


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield (
        f'<h3 id="{escape(operation["operationId"])}"><span class="method">'
        f"{method.upper()}</span> <code>{escape(path)}</code></h3>"
    )
    yield f"<p>{_text(operation.get('description', operation['summary']))}</p>"
    parameters = operation.get("parameters", [])
    if parameters:
        yield f"<table>{''.join(map(_parameter, parameters))}</table>"
    yield from _examples("Request", operation.get("requestBody", {}))
    for response in operation["responses"].values():
        yield from _examples("Answer", response)


def _examples(what: str, described: dict[str, Any]) -> Iterator[str]:
    for kind, content in described.get("content", {}).items():
        if "example" in content:
            example = escape(_example(content["example"]))
            yield f"<p>{what}, <code>{escape(kind)}</code>:</p><pre>{example}</pre>"


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td>"
        f"<td>{escape(_kind(schema))}</td>"
        f"<td>{_text(parameter.get('description', ''))}</td></tr>"
    )


def _kind(schema: dict[str, Any]) -> str:
    """Describe a parameter's type in a few words."""
    if "anyOf" in schema:
        return " or ".join(
            _kind(each) for each in schema["anyOf"] if each.get("type") != "null"
        )
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"{_kind(schema['items'])}, repeated"
    return str(schema.get("format") or schema.get("const") or schema.get("type", ""))


def _errors() -> Iterator[str]:
    yield "<table>"
    for code, entry in problems.TEXTS["problems"].items():
        title = f"{entry['title']['en']} · {entry['title']['zh']}"
        yield (
            f'<tr id="{escape(code)}"><td><code>{escape(code)}</code></td>'
            f"<td>{entry['status']}</td><td>{escape(title)}</td></tr>"
        )
    yield "</table>"


def _text(text: str) -> str:
    """Escape, and set what stands in backquotes as code."""
    parts = escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if index % 2 else part
        for index, part in enumerate(parts)
    )


def _example(example: object) -> str:
    if isinstance(example, str):
        return example
    return json.dumps(example, ensure_ascii=False, indent=2)
