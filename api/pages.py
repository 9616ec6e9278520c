"""The page: the files that its build made, and a word when it has not been built."""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response

from api import answers

if TYPE_CHECKING:
    from starlette.requests import Request

_IMMUTABLE = "public, max-age=31536000, immutable"
_CHECKED = "no-cache"
_COMPRESSED = {
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/json",
    "application/manifest+json",
    "image/svg+xml",
}
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Parkpulse</title>
<h1>Parkpulse · 园区脉搏</h1>
<p>The page has not been built: run <code>make page</code> in the checkout, then reload.
The API answers at <a href="/api/docs">/api/docs</a>.</p>
<p lang="zh">页面尚未构建:请在代码目录运行 <code>make page</code>,然后刷新。
接口说明见 <a href="/api/docs">/api/docs</a>。</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class _Asset:
    """A file as it is sent."""

    stamp: int
    kind: str
    body: bytes
    compressed: bytes | None
    tag: str


class Pages:
    """Serves the files of one folder, compressed once.

    Parameters
    ----------
    folder
        Where the build puts the page; it may be missing or made anew at any time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._assets: dict[Path, _Asset] = {}

    def respond(self, request: Request, path: str) -> Response | None:
        """Answer with a file, or with the page for one of its own addresses.

        Returns
        -------
        Response or None
            None when there is no such file.
        """
        file = self._file(path)
        if file is not None:
            immutable = "assets" in file.relative_to(self._folder).parts
            return self._send(request, file, _IMMUTABLE if immutable else _CHECKED)
        if Path(path).suffix:
            return None
        index = self._file("index.html")
        if index is None:
            return HTMLResponse(_NOT_BUILT, 503, {"cache-control": "no-store"})
        return self._send(request, index, _CHECKED)

    def _file(self, path: str) -> Path | None:
        if "\0" in path:
            return None
        found = (self._folder / path.lstrip("/")).resolve()
        inside = found.is_relative_to(self._folder)
        return found if inside and found.is_file() else None

    def _send(self, request: Request, file: Path, cache: str) -> Response:
        asset = self._asset(file)
        headers = {"etag": asset.tag, "cache-control": cache}
        if answers.knows(request, asset.tag):
            return Response(status_code=304, headers=headers | answers.VARIES)
        body = asset.body
        if asset.compressed and answers.takes_packed(request):
            headers |= {"content-encoding": "gzip", **answers.VARIES}
            body = asset.compressed
        return Response(body, headers=headers, media_type=asset.kind)

    def _asset(self, file: Path) -> _Asset:
        stamp = file.stat().st_mtime_ns
        known = self._assets.get(file)
        if known is None or known.stamp != stamp:
            known = self._assets[file] = _read(file, stamp)
        return known


def _read(file: Path, stamp: int) -> _Asset:
    body = file.read_bytes()
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    compressed = gzip.compress(body, 9, mtime=0) if kind in _COMPRESSED else None
    return _Asset(stamp, kind, body, compressed, answers.fingerprint(body))
