"""Answers that are encoded without models in between, and found again by ETag."""

from __future__ import annotations

import gzip
import re
import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

CACHE = "private, no-cache"
"""Kept by the browser, and asked for again each time."""
VARIES = {"vary": "Accept-Encoding"}
"""Said where it is not said later, by what compresses all other answers."""
_REFUSED = re.compile(r"q=0(\.0*)?")
GZIP_FROM_BYTES = 1000
GZIP_LEVEL = 4
_PROCESS = secrets.token_hex(4)


def version(*parts: int) -> str:
    """Make the ETag of something that this process counts the changes of."""
    return f'W/"{_PROCESS}-{"-".join(map(str, parts))}"'


def fingerprint(body: bytes) -> str:
    """Make the ETag of a body."""
    return f'W/"{blake2b(body, digest_size=12).hexdigest()}"'


def knows(request: Request, tag: str) -> bool:
    """Whether the caller holds this version, by If-None-Match."""
    held = request.headers.get("if-none-match", "")
    opaque = {each.strip().removeprefix("W/") for each in held.split(",")}
    return "*" in opaque or tag.removeprefix("W/") in opaque


def unchanged(tag: str) -> Response:
    """Tell the caller that what it holds is what there is."""
    headers = {"etag": tag, "cache-control": CACHE, **VARIES}
    return Response(status_code=304, headers=headers)


def pack(plain: bytes) -> bytes | None:
    """Compress a body by gzip; None where that is not worth it.

    Whoever does so in a thread keeps neither the event loop nor other threads waiting.
    """
    if len(plain) < GZIP_FROM_BYTES:
        return None
    return gzip.compress(plain, GZIP_LEVEL, mtime=0)


def takes_packed(request: Request) -> bool:
    """Whether the caller reads gzip."""
    return packs(request.headers.get("accept-encoding", ""))


def packs(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows gzip: it may also refuse it by q=0."""
    for each in accept_encoding.lower().split(","):
        name, _, weight = each.partition(";")
        if name.strip() in {"gzip", "*"}:
            return _REFUSED.fullmatch(weight.strip()) is None
    return False


def give(plain: bytes, packed: bytes | None, tag: str) -> Response:
    """Answer with JSON that is encoded, and compressed if that is given."""
    headers = {"etag": tag, "cache-control": CACHE}
    body = plain
    if packed is not None:
        headers |= {"content-encoding": "gzip", **VARIES}
        body = packed
    return Response(body, media_type="application/json", headers=headers)


class Body(NamedTuple):
    """An answer that is encoded and compressed, for whoever asks for it."""

    tag: str
    plain: bytes
    packed: bytes | None
    """By gzip; None where that is not worth it."""

    @property
    def size(self) -> int:
        """What it takes to keep. [B]."""
        return len(self.plain) + len(self.packed or b"")

    def respond(self, request: Request) -> Response:
        """Answer with it, or with 304 when the caller has exactly this already."""
        if knows(request, self.tag):
            return unchanged(self.tag)
        return give(
            self.plain, self.packed if takes_packed(request) else None, self.tag
        )


def body(value: object, tag: str = "") -> Body:
    """Encode and compress a value; without a tag it is named by its content."""
    plain = msgspec.json.encode(value)
    return Body(tag or fingerprint(plain), plain, pack(plain))


def tagged(request: Request, value: Any) -> Response:  # noqa: ANN401 - as above
    """Answer with JSON, or with 304 when the caller has exactly this already."""
    body = msgspec.json.encode(value)
    tag = fingerprint(body)
    if knows(request, tag):
        return unchanged(tag)
    return give(body, pack(body) if takes_packed(request) else None, tag)
