"""What the application answers without any database."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema_rs
import pytest
from cryptography.fernet import Fernet

from api import app, bodies, examples, guard, openapi, problems
from api.messaging import Messaging
from parkpulse.notify.vault import Vault
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>页面</title>", "utf-8")
    (folder / "assets" / "index-B1gq.js").write_text("let a = 1;\n" * 200)
    (folder / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


class Client:
    """Asks an application without a server in between."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        return asyncio.run(self._request(method, path, **options))

    async def _request(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401
        transport = httpx.ASGITransport(self._application, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8080"
        ) as client:
            return await client.request(method, path, **options)

    def get(self, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("GET", path, headers=named)

    def post(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401
        return self.request("POST", path, **options)


def made(dist: Path) -> Client:
    database = Database("postgresql://127.0.0.1:1/none")
    vault = Vault(Fernet.generate_key().decode())
    messaging = Messaging(vault, "http://127.0.0.1:8080", allow_private=True)
    return Client(
        app.create(database, dist, "http://127.0.0.1:8080", messaging=messaging)
    )


@pytest.fixture
def client(dist: Path) -> Client:
    return made(dist)


def test_the_page_and_its_assets(client: Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "页面" in page.text
    assert page.headers["cache-control"] == "no-cache"
    asset = client.get("/assets/index-B1gq.js")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-type"].startswith("text/javascript")
    assert asset.headers["content-encoding"] == "gzip"
    assert asset.text == "let a = 1;\n" * 200
    assert client.get("/favicon.svg").headers["cache-control"] == "no-cache"
    assert client.request("HEAD", "/").status_code == 200


def test_the_page_answers_to_its_own_addresses(client: Client) -> None:
    assert client.get("/parks/demo/alerts").text == client.get("/").text


def test_a_page_that_is_known_is_not_sent_again(client: Client) -> None:
    tag = client.get("/").headers["etag"]
    again = client.get("/", If_None_Match=f'"other", {tag}')
    assert again.status_code == 304
    assert again.content == b""


def test_a_page_without_compression(client: Client) -> None:
    asset = client.get("/assets/index-B1gq.js", Accept_Encoding="identity")
    assert "content-encoding" not in asset.headers
    assert asset.content == b"let a = 1;\n" * 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/missing-C2.js",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "//etc/passwd.txt",
        "/assets%00.js",
    ],
)
def test_files_that_are_not_there(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    assert "secret" not in answer.text


def test_a_page_that_is_built_anew_is_served(client: Client, dist: Path) -> None:
    client.get("/")
    (dist / "index.html").write_text("<!doctype html><title>new and longer</title>")
    assert "new and longer" in client.get("/").text


def test_a_page_that_has_not_been_built(tmp_path: Path) -> None:
    answer = made(tmp_path / "nothing").get("/")
    assert answer.status_code == 503
    assert "make page" in answer.text


@pytest.mark.parametrize("path", ["/", "/api/v1/health", "/api/docs", "/nothing.js"])
def test_every_answer_has_the_headers(client: Client, path: str) -> None:
    headers = client.get(path).headers
    for name, value in guard.HEADERS.items():
        assert headers[name] == value
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_foreign_host_and_origin(client: Client) -> None:
    answer = client.get("/api/v1/health", Host="evil.example")
    assert answer.status_code == 421
    assert answer.json()["code"] == "host_not_allowed"
    assert answer.headers["x-content-type-options"] == "nosniff"
    path = f"/api/v1/alerts/{'0' * 32}/acknowledge"
    origin = {"Origin": "http://evil.example"}
    answer = client.post(path, json={"actor": "x"}, headers=origin)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")


def test_a_body_that_is_no_json(client: Client) -> None:
    path = f"/api/v1/alerts/{'0' * 32}/acknowledge"
    answer = client.post(path, content="actor=x")
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type")
    json_type = {"Content-Type": "application/json"}
    answer = client.post(path, content="{", headers=json_type)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "not_json"
    answer = client.post(path, content=b'"' + b"x" * 70_000 + b'"', headers=json_type)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert "65536" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/actor", "missing"),
        ({"actor": 7}, "/actor", "wrong_type"),
        ({"actor": ""}, "/actor", "too_short"),
        ({"actor": "x" * 101}, "/actor", "too_long"),
        ({"actor": "x", "comment": "y" * 2001}, "/comment", "too_long"),
        ({"actor": "x", "version": "1"}, "/version", "not_an_integer"),
        ({"actor": "x", "verison": 1}, "/verison", "unknown_parameter"),
        ([], "", "wrong_type"),
    ],
)
def test_a_body_with_a_mistake(
    client: Client,
    body: object,
    pointer: str,
    code: str,
) -> None:
    path = f"/api/v1/alerts/{'0' * 32}/acknowledge"
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("limit=0", "limit", "too_small"),
        ("limit=1001", "limit", "too_large"),
        ("limit=many", "limit", "not_an_integer"),
        ("sort=colour", "sort", "unknown_value"),
        ("silnet=true", "silnet", "unknown_parameter"),
        ("silent=perhaps", "silent", "not_a_boolean"),
        ("q=%00", "q", "bad_characters"),
        ("state=gone", "state", "unknown_value"),
        (f"q={'x' * 501}", "q", "too_long"),
        ("format=pdf", "format", "unknown_value"),
    ],
)
def test_a_parameter_with_a_mistake(
    client: Client, query: str, pointer: str, code: str
) -> None:
    answer = client.get(f"/api/v1/parks/demo/devices?{query}")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


def test_mistakes_are_told_in_chinese(client: Client) -> None:
    answer = client.get("/api/v1/parks/demo/devices?limit=0", Accept_Language="zh-CN")
    assert answer.headers["content-language"] == "zh"
    found = answer.json()
    assert found["title"] == "请求无效"
    assert found["errors"][0]["detail"] == "不能小于 1。"
    answer = client.get("/api/v1/parks/x", Accept_Language="zh")
    assert answer.json()["detail"] == "没有园区 x。"


def test_no_such_address_and_method(client: Client) -> None:
    answer = client.get("/api/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_path")
    answer = client.post("/api/v1/parks", json={})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


def test_a_database_that_is_away(client: Client) -> None:
    answer = client.get("/api/v1/parks")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "5432" not in answer.text


def test_an_internal_error_tells_nothing(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        message = "the secret detail"
        raise RuntimeError(message)

    monkeypatch.setattr("parkpulse.query.live.Live.park", fail)
    answer = client.get("/api/v1/parks/demo/latest")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    assert "secret" not in answer.text
    assert answer.json()["instance"] in caplog.text
    assert "the secret detail" in caplog.text


def test_alive_without_database(client: Client) -> None:
    assert client.get("/api/v1/health").json()["status"] == "alive"


def test_openapi_is_complete(client: Client) -> None:
    answer = client.get("/api/v1/openapi.json")
    document = answer.json()
    tags = {tag["name"] for tag in document["tags"]}
    found = list(openapi.operations(document))
    assert len(found) >= 15
    for path, method, operation in found:
        assert operation["summary"], path
        assert operation["description"], path
        assert set(operation["tags"]) <= tags, path
        assert method == "get" or "415" in operation["responses"], path
        (success,) = operation["responses"].keys() & {"200", "201", "202"}
        contents = operation["responses"][success]["content"]
        tables = contents.pop("text/csv", None)
        assert (tables is not None) == ("csv" in _formats(operation)), path
        assert all("example" in content for content in contents.values()), path
        _check_problems(path, operation)
    text = answer.text
    assert "HTTPValidationError" not in text
    assert '"anyOf":[]' not in text
    _check_references(document, document)


def test_every_body_has_an_example_that_is_right(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    seen = set()
    for path, method, operation in openapi.operations(document):
        name = f"{method.upper()} {path}"
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = content["schema"]
            whole = document["components"]["schemas"].get(
                schema.get("$ref", "").rpartition("/")[2], schema
            )
            example = content.get("example", whole.get("example"))
            assert example is not None, name
            rooted = {**schema, "components": document["components"]}
            jsonschema_rs.Draft202012Validator(rooted).validate(example)
            seen.add(name.replace(openapi.PREFIX, ""))
    assert len(seen) > 40
    assert set(examples.REQUESTS) <= seen
    reference = client.get("/api/docs").text
    assert "correct horse battery staple" in reference


def _formats(operation: dict[str, Any]) -> str:
    parameters = {each["name"]: each for each in operation.get("parameters", [])}
    return json.dumps(parameters.get("format", {}))


def _check_problems(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    expected = {"500"}
    if operation["tags"] != ["health"]:
        expected.add("503")
    if "{" in path:
        expected |= {"404", "422"}
    assert expected <= set(responses), path
    for status in set(responses) & {"404", "409", "413", "415", "422", "500"}:
        assert set(responses[status]["content"]) == {problems.MEDIA_TYPE}, path


def test_the_committed_document_is_that_of_the_code(client: Client) -> None:
    """Write it anew with `parkpulse api --openapi > api/openapi.json`."""
    committed = Path(app.__file__).with_name("openapi.json").read_text("utf-8")
    assert json.loads(committed) == client.get("/api/v1/openapi.json").json()


def _check_references(document: dict[str, Any], part: object) -> None:
    if isinstance(part, dict):
        target = part.get("$ref")
        if isinstance(target, str):
            name = target.removeprefix("#/components/schemas/")
            assert name in document["components"]["schemas"], target
        for each in part.values():
            _check_references(document, each)
    elif isinstance(part, list):
        for each in part:
            _check_references(document, each)


def test_the_reference_needs_no_other_host(client: Client) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert "/api/v1/parks/{park}/devices" in page.text
    assert 'id="not_found"' in page.text
    assert re.search(r"(src|href|action)=.?http", page.text) is None
    assert "url(" not in page.text
    assert "<script" not in page.text
    assert client.get("/api/docs.css").headers["content-type"].startswith("text/css")


def test_what_is_large_is_compressed(client: Client) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.headers["content-encoding"] == "gzip"
    assert json.loads(answer.content)
    assert len(gzip.compress(answer.content)) < len(answer.content)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/login", 405, "method_not_allowed"),
        ("HEAD", "/api/v1/login", 405, ""),
        ("POST", "/api/v1/nothing", 404, "no_such_path"),
        ("DELETE", "/api/v1/parks/demo", 405, "method_not_allowed"),
        ("POST", "/", 405, "method_not_allowed"),
        ("PUT", "/parks/demo/alerts", 405, "method_not_allowed"),
    ],
)
def test_what_is_there_by_another_method(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    json_type = {"Content-Type": "application/json"}
    answer = client.request(method, path, content=b"", headers=json_type)
    assert answer.status_code == status
    assert not code or answer.json()["code"] == code
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("asked", "is_packed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("identity", False),
        ("", False),
    ],
)
def test_who_takes_gzip(client: Client, asked: str, is_packed: bool) -> None:  # noqa: FBT001 - a case
    for path in ("/api/v1/openapi.json", "/api/docs", "/assets/index-B1gq.js"):
        answer = client.get(path, Accept_Encoding=asked)
        assert (answer.headers.get("content-encoding") == "gzip") is is_packed, path
        assert answer.headers.get_list("vary") == ["Accept-Encoding"], path


def test_what_is_held_already(client: Client) -> None:
    tag = client.get("/api/v1/openapi.json").headers["etag"]
    for held in (tag, tag.removeprefix("W/"), f'"x" , {tag}', "*"):
        answer = client.get("/api/v1/openapi.json", If_None_Match=held)
        assert (answer.status_code, answer.content) == (304, b""), held
        assert answer.headers["etag"] == tag
        assert answer.headers["vary"] == "Accept-Encoding"
    assert client.get("/api/v1/openapi.json", If_None_Match='"x"').status_code == 200


def test_nothing_is_kept_that_says_nothing_of_it(client: Client) -> None:
    assert client.get("/api/docs.css").headers["cache-control"] == "no-store"


def test_a_path_with_nul_names_nothing(client: Client) -> None:
    for path in ("/api/v1/parks/%00/maintenance", "/api/v1/channels/a%00b", "/%00"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_path")


def test_head_is_get_without_a_body(client: Client) -> None:
    for path in ("/api/v1/health", "/api/v1/openapi.json", "/api/v1/parks"):
        whole, head = client.get(path), client.request("HEAD", path)
        assert head.status_code == whole.status_code
        assert head.content == b""
        for name in ("content-type", "content-length", "etag", "cache-control"):
            assert head.headers.get(name) == whole.headers.get(name), (path, name)


def test_an_internal_error_has_the_headers_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("parkpulse.query.live.Live.park", fail)
    answer = client.get("/api/v1/parks/demo/latest", X_Request_Id="trace-7")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == "trace-7"
    for name, value in guard.HEADERS.items():
        assert answer.headers[name] == value


def test_the_log_of_an_error_has_no_token_of_a_link(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("parkpulse.notify.links.read", fail)
    assert client.get("/a/the-token-of-a-link").status_code == 500
    assert "/a/…" in caplog.text
    assert "the-token" not in caplog.text


def test_a_body_that_does_not_arrive(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    monkeypatch.setattr(bodies, "WITHIN_S", 0.05)
    path = f"/api/v1/alerts/{'0' * 32}/acknowledge"
    json_type = {"Content-Type": "application/json"}
    answer = client.post(path, content=dripping(), headers=json_type)
    assert (answer.status_code, answer.json()["code"]) == (408, "too_slow")
