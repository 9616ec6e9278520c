"""Compresses answers for those who take gzip, where it is worth the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from typing_extensions import override

from api import answers
from api.schemas.exports import MEDIA_TYPES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_ASKED = b"accept-encoding"
_PACKED = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    MEDIA_TYPES["parquet"],
    MEDIA_TYPES["xlsx"],
    "application/pdf",
)
"""Types that are compressed by themselves, or must not wait."""


class Packing(GZipMiddleware):
    """Starlette's, which sees neither that `gzip;q=0` refuses nor that `*` allows.

    Parameters
    ----------
    app
        What answers the request.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app,
            minimum_size=answers.GZIP_FROM_BYTES,
            compresslevel=answers.GZIP_LEVEL,
            exclude_content_types=_PACKED,
        )

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = answers.packs(Headers(scope=scope).get("accept-encoding", ""))
            kept = [each for each in scope["headers"] if each[0] != _ASKED]
            scope = {**scope, "headers": [*kept, (_ASKED, b"gzip" if asked else b"")]}
        await super().__call__(scope, receive, send)
