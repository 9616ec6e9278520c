"""A stand-in for Grafana's HTTP API: not Grafana, and it draws nothing.

It knows the operations that `parkpulse grafana` uses, with the paths, fields, types and
answers that Grafana publishes in its OpenAPI description (public/api-merged.json of
grafana/grafana). That file is under the AGPL and no part of it is copied: the schemas
below were written for this test. They are closed, so that a field which Grafana does
not know is refused here. The version comes from /frontend/settings, where the client
looks for it; that path is not described.

StandIn.url           address of the server
StandIn.requests      all that was asked: method, path, headers, body
StandIn.version       what it says it is
StandIn.edit(uid)     a person saves a dashboard in Grafana
StandIn.race(uid)     somebody saves it just before the next write
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs
import psycopg
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ADMIN, VIEWER = "glsa_admin", "glsa_viewer"
"""Tokens that it knows."""
Json = dict[str, Any]
_TEXT, _FLAG, _INTEGER = {"type": "string"}, {"type": "boolean"}, {"type": "integer"}
_OBJECT = {"type": "object"}
_UID = {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,40}$"}
_SOURCE = {
    "access": {"enum": ["proxy", "direct"]},
    "basicAuth": _FLAG,
    "basicAuthUser": _TEXT,
    "database": _TEXT,
    "isDefault": _FLAG,
    "jsonData": _OBJECT,
    "name": _TEXT,
    "secureJsonData": {"type": "object", "additionalProperties": _TEXT},
    "type": _TEXT,
    "uid": _UID,
    "url": _TEXT,
    "user": _TEXT,
    "withCredentials": _FLAG,
}
_POINT = {
    "disableResolveMessage": _FLAG,
    "name": _TEXT,
    "provenance": _TEXT,
    "settings": _OBJECT,
    "type": {"enum": ["dingding", "email", "webhook", "wecom"]},
    "uid": _UID,
}


def _closed(properties: Mapping[str, Any], *required: str) -> Any:  # noqa: ANN401
    return jsonschema_rs.validator_for(
        {
            "type": "object",
            "properties": properties,
            "required": list(required),
            "additionalProperties": False,
        }
    )


_BODIES = {
    "POST /datasources": _closed(_SOURCE, "name", "type", "access"),
    "PUT /datasources/uid/*": _closed(
        {**_SOURCE, "version": _INTEGER}, "name", "type", "access"
    ),
    "POST /folders": _closed(
        {"title": _TEXT, "uid": _UID, "parentUid": _TEXT, "description": _TEXT}, "title"
    ),
    "PUT /folders/*": _closed(
        {"title": _TEXT, "uid": _UID, "version": _INTEGER, "overwrite": _FLAG}, "title"
    ),
    "POST /dashboards/db": _closed(
        {
            "dashboard": {
                "type": "object",
                "required": ["title", "uid", "panels"],
                "properties": {"uid": _UID, "title": _TEXT, "version": _INTEGER},
            },
            "folderId": _INTEGER,
            "folderUid": _TEXT,
            "isFolder": _FLAG,
            "message": _TEXT,
            "overwrite": _FLAG,
            "userId": _INTEGER,
        },
        "dashboard",
    ),
    "POST /v1/provisioning/contact-points": _closed(_POINT, "type", "settings"),
    "PUT /v1/provisioning/contact-points/*": _closed(_POINT, "type", "settings"),
}


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Json


class Answer(NamedTuple):
    status: int
    body: Any


@dataclass
class StandIn:
    """What it keeps, in memory."""

    version: str = "12.2.0"
    url: str = ""
    requests: list[Asked] = field(default_factory=list)
    sources: dict[str, Json] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    folders: dict[str, Json] = field(default_factory=dict)
    dashboards: dict[str, list[Json]] = field(default_factory=dict)
    """Versions of each, oldest first: `dashboard`, `folderUid`, `message`."""
    points: dict[str, Json] = field(default_factory=dict)
    provisioned: set[str] = field(default_factory=set)
    lists_versions: bool = False
    """Whether versions come as a bare list, as from an older Grafana."""
    racing: set[str] = field(default_factory=set)

    @property
    def writes(self) -> list[Asked]:
        return [each for each in self.requests if each.method != "GET"]

    def edit(self, uid: str, message: str = "") -> None:
        newest = self.dashboards[uid][-1]
        changed = {**newest["dashboard"], "version": len(self.dashboards[uid]) + 1}
        self.dashboards[uid].append(
            {**newest, "dashboard": changed, "message": message, "createdBy": "li"}
        )

    def race(self, uid: str) -> None:
        self.racing.add(uid)

    def answer(self, asked: Asked) -> Answer:
        self.requests.append(asked)
        refused = self._refused(asked)
        if refused is not None:
            return refused
        path = urlsplit(asked.path).path.removeprefix("/api")
        for (method, pattern), handle in self._operations().items():
            found = re.fullmatch(pattern, path)
            if found is not None and method == asked.method:
                return handle(*found.groups(), asked)
        return Answer(404, {"message": "Not found"})

    def _refused(self, asked: Asked) -> Answer | None:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in {ADMIN, VIEWER}:
            return Answer(401, {"message": "Invalid API key"})
        if token == VIEWER and asked.method != "GET":
            return Answer(403, {"message": "You'll need additional permissions"})
        if asked.method == "GET":
            return None
        key = re.sub(r"(/uid|/folders|/contact-points)/[^/]+$", r"\1/*", asked.path)
        schema = _BODIES[f"{asked.method} {key.removeprefix('/api')}"]
        wrong = [each.message for each in schema.iter_errors(asked.body)]
        return Answer(400, {"message": "; ".join(wrong)}) if wrong else None

    def _operations(self) -> dict[tuple[str, str], Callable[..., Answer]]:
        return {
            ("GET", "/frontend/settings"): self._settings,
            ("GET", "/datasources/uid/([^/]+)"): self._source,
            ("GET", "/datasources/uid/([^/]+)/health"): self._health,
            ("POST", "/datasources"): self._add_source,
            ("PUT", "/datasources/uid/([^/]+)"): self._change_source,
            ("GET", "/folders/([^/]+)"): self._folder,
            ("POST", "/folders"): self._add_folder,
            ("PUT", "/folders/([^/]+)"): self._change_folder,
            ("GET", "/dashboards/uid/([^/]+)"): self._dashboard,
            ("GET", "/dashboards/uid/([^/]+)/versions"): self._versions,
            ("POST", "/dashboards/db"): self._save,
            ("GET", "/v1/provisioning/contact-points"): self._points,
            ("POST", "/v1/provisioning/contact-points"): self._add_point,
            ("PUT", "/v1/provisioning/contact-points/([^/]+)"): self._change_point,
        }

    def _settings(self, _: Asked) -> Answer:
        return Answer(200, {"buildInfo": {"version": self.version}})

    def _source(self, uid: str, _: Asked) -> Answer:
        if uid not in self.sources:
            return Answer(404, {"message": "Data source not found"})
        return Answer(200, self.sources[uid])

    def _health(self, uid: str, _: Asked) -> Answer:
        """Connect as Grafana would, to the real database."""
        source = self.sources[uid]
        try:
            with psycopg.connect(
                f"postgresql://{source['url']}/{source['jsonData']['database']}",
                user=source["user"],
                password=self.passwords[uid],
            ):
                return Answer(
                    200, {"status": "OK", "message": "Database Connection OK"}
                )
        except psycopg.OperationalError as error:
            return Answer(400, {"status": "ERROR", "message": str(error)})

    def _keep_source(self, body: Json, version: int) -> None:
        secret = body.pop("secureJsonData", {})
        if secret:
            self.passwords[body["uid"]] = secret["password"]
        known = {"secureJsonFields": {"password": body["uid"] in self.passwords}}
        self.sources[body["uid"]] = {"id": 1, **body, **known, "version": version}

    def _add_source(self, asked: Asked) -> Answer:
        if any(each["name"] == asked.body["name"] for each in self.sources.values()):
            return Answer(409, {"message": "data source with the same name exists"})
        self._keep_source(dict(asked.body), 1)
        return Answer(200, {"message": "Datasource added", "id": 1})

    def _change_source(self, uid: str, asked: Asked) -> Answer:
        version = self.sources[uid]["version"]
        if asked.body.get("version", 0) not in {0, version}:
            return Answer(409, {"message": "Datasource has already been updated"})
        self._keep_source(dict(asked.body), version + 1)
        return Answer(200, {"message": "Datasource updated"})

    def _folder(self, uid: str, _: Asked) -> Answer:
        if uid not in self.folders:
            return Answer(404, {"message": "folder not found"})
        return Answer(200, self.folders[uid])

    def _add_folder(self, asked: Asked) -> Answer:
        if asked.body["uid"] in self.folders:
            return Answer(409, {"message": "a folder with that uid exists"})
        self.folders[asked.body["uid"]] = {**asked.body, "version": 1}
        return Answer(200, self.folders[asked.body["uid"]])

    def _change_folder(self, uid: str, asked: Asked) -> Answer:
        found = self.folders[uid]
        if asked.body.get("version") != found["version"]:
            return Answer(412, {"message": "the folder has been changed"})
        found |= {"title": asked.body["title"], "version": found["version"] + 1}
        return Answer(200, found)

    def _dashboard(self, uid: str, _: Asked) -> Answer:
        if uid not in self.dashboards:
            return Answer(404, {"message": "Dashboard not found"})
        newest = self.dashboards[uid][-1]
        meta = {
            "folderUid": newest["folderUid"],
            "version": newest["dashboard"]["version"],
            "provisioned": uid in self.provisioned,
        }
        return Answer(200, {"dashboard": newest["dashboard"], "meta": meta})

    def _versions(self, uid: str, _: Asked) -> Answer:
        found = [
            {
                "version": each["dashboard"]["version"],
                "message": each["message"],
                "createdBy": each["createdBy"],
            }
            for each in reversed(self.dashboards[uid])
        ]
        return Answer(200, found if self.lists_versions else {"versions": found})

    def _save(self, asked: Asked) -> Answer:
        document, uid = asked.body["dashboard"], asked.body["dashboard"]["uid"]
        if asked.body["folderUid"] not in self.folders:
            return Answer(404, {"message": "folder not found"})
        if uid in self.racing:
            self.racing.remove(uid)
            self.edit(uid)
        versions = self.dashboards.setdefault(uid, [])
        newest = versions[-1]["dashboard"]["version"] if versions else None
        if document.get("version") != newest and not asked.body["overwrite"]:
            status = {"status": "version-mismatch", "message": "changed by another"}
            return Answer(412, status)
        kept = {**document, "id": 7, "version": len(versions) + 1}
        versions.append({**asked.body, "dashboard": kept, "createdBy": "sa-parkpulse"})
        success = {"id": 7, "uid": uid, "status": "success", "version": kept["version"]}
        return Answer(200, success)

    def _points(self, asked: Asked) -> Answer:
        (name,) = parse_qs(urlsplit(asked.path).query)["name"]
        return Answer(
            200, [each for each in self.points.values() if each["name"] == name]
        )

    def _add_point(self, asked: Asked) -> Answer:
        self.points[asked.body["uid"]] = asked.body
        return Answer(202, asked.body)

    def _change_point(self, uid: str, asked: Asked) -> Answer:
        self.points[uid] = asked.body
        return Answer(202, {"message": "contactpoint updated"})


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer in one piece, or each would wait for an acknowledgement.
        wbufsize = 1 << 16

        def _serve(self) -> None:
            length = int(self.headers.get("content-length", 0))
            text = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(text) if text and self.command != "GET" else {}
            answer = stand_in.answer(Asked(self.command, self.path, headers, body))
            content = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - names of the base class

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@contextlib.contextmanager
def serving() -> Iterator[StandIn]:
    """Run one on a port of loopback."""
    stand_in = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stand_in))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
