"""Drawings of parks that people upload: SVG by an allow-list, PNG, GeoJSON as SVG.

What is kept of an SVG is shapes, text and their looks: no script, no style sheet, no
foreign content, nothing from elsewhere. It is written anew, not filtered as text.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Literal, NamedTuple
from xml.parsers import expat
from xml.sax import saxutils

from parkpulse.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Kind = Literal["svg", "png", "geojson"]
MOST_BYTES = 2 * 1024 * 1024
_MOST_ELEMENTS = 50_000
_DEEPEST = 64
_MOST_PIXELS = 40_000_000
_POINTER = "/content"
_SVG = "http://www.w3.org/2000/svg"
_SEPARATOR = " "
_PNG = b"\x89PNG\r\n\x1a\n"
_IHDR_END = 24
_ELEMENT_NAMES = (
    "svg g path rect circle ellipse line polyline polygon text tspan title desc defs"
    " linearGradient radialGradient stop pattern clipPath symbol use"
)
_LOOK_NAMES = (
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap"
    " stroke-linejoin stroke-dasharray stroke-dashoffset stroke-miterlimit opacity"
    " color font-family font-size font-weight font-style text-anchor dominant-baseline"
    " letter-spacing display visibility clip-path clip-rule stop-color stop-opacity"
    " paint-order vector-effect"
)
_OTHER_NAMES = (
    "id d x y x1 y1 x2 y2 cx cy r rx ry fx fy dx dy width height points transform"
    " viewBox preserveAspectRatio offset gradientUnits gradientTransform"
    " patternUnits patternTransform patternContentUnits clipPathUnits rotate"
)
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_LOOKS = frozenset(_LOOK_NAMES.split())
_ATTRIBUTES = _LOOKS | frozenset(_OTHER_NAMES.split())
_REFERENCE = re.compile(r"#[\w.:-]{1,200}")
_LOCAL_URL = re.compile(r"url\(\s*['\"]?#[\w.:-]{1,200}['\"]?\s*\)")
_NUMBER = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?\d+)?)(?:px)?\s*", re.IGNORECASE)
_BOX = 4


class Drawing(NamedTuple):
    """A drawing as it is kept and shown: `kind` of the image, size in its own units."""

    kind: Literal["svg", "png"]
    content: bytes
    width: float
    height: float


def refusal(code: str, message: str) -> InvalidRequestError:
    """Make the error of a drawing that cannot be taken."""
    return InvalidRequestError(code, message, _POINTER)


def check_size(content: bytes) -> None:
    """Refuse what is too long; raises InvalidRequestError."""
    if len(content) > MOST_BYTES:
        code = "too_long"
        raise refusal(code, f"a drawing has at most {MOST_BYTES} bytes")


def png(content: bytes) -> Drawing:
    """Check a PNG by its header; raises InvalidRequestError."""
    check_size(content)
    code = "invalid_value"
    head = content[:_IHDR_END]
    if len(head) < _IHDR_END or head[:8] != _PNG or head[12:16] != b"IHDR":
        raise refusal(code, "this is no PNG")
    width, height = struct.unpack(">II", head[16:])
    if width == 0 or height == 0 or width * height > _MOST_PIXELS:
        raise refusal(code, f"a PNG has 1 to {_MOST_PIXELS} pixels")
    return Drawing("png", content, float(width), float(height))


def svg(content: bytes) -> Drawing:
    """Write an SVG anew from what is allowed of it; raises InvalidRequestError."""
    check_size(content)
    writer = _Writer()
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.StartDoctypeDeclHandler = writer.doctype
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    code = "invalid_value"
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat's own
    except (expat.ExpatError, UnicodeError, LookupError) as error:
        raise refusal(code, f"this is no SVG: {error}") from error
    if writer.size is None:
        raise refusal(code, "an SVG needs a viewBox, or a width and a height")
    width, height = writer.size
    return Drawing("svg", "".join(writer.parts).encode(), width, height)


class _Writer:
    """Writes what is allowed while a document is read."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size: tuple[float, float] | None = None
        self._open = 0
        self._skipped = 0
        self._count = 0

    def doctype(self, *_: object) -> None:
        """Refuse what may hold entities."""
        code = "invalid_value"
        raise refusal(code, "remove the DOCTYPE of the SVG")

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin an element, or skip it and all in it."""
        self._count += 1
        if self._count > _MOST_ELEMENTS or self._open > _DEEPEST:
            code = "too_large"
            raise refusal(code, f"an SVG has at most {_MOST_ELEMENTS} elements")
        local = _own(name)
        if (
            self._skipped
            or local not in _ELEMENTS
            or (self._open == 0) != (local == "svg")
        ):
            self._skipped += 1
            return
        kept = dict(_allowed(attributes))
        if self._open == 0:
            self.size = _size(kept)
            kept = {"xmlns": _SVG, **kept, **_box(kept, self.size)}
        self._open += 1
        inner = "".join(
            f" {key}={saxutils.quoteattr(value)}" for key, value in kept.items()
        )
        self.parts.append(f"<{local}{inner}>")

    def end(self, name: str) -> None:
        """End an element that was begun."""
        if self._skipped:
            self._skipped -= 1
            return
        self._open -= 1
        self.parts.append(f"</{_own(name)}>")

    def text(self, data: str) -> None:
        """Keep text."""
        if not self._skipped and self._open:
            self.parts.append(saxutils.escape(data))


def _own(name: str) -> str:
    """Local name of an SVG element, empty for one of another namespace."""
    space, _, local = name.rpartition(_SEPARATOR)
    return local if space in {"", _SVG} else ""


def _allowed(attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in attributes.items():
        local = name.rpartition(_SEPARATOR)[2]
        if local == "style":
            yield from _styles(value)
        elif local == "href":
            if _REFERENCE.fullmatch(value.strip()):
                yield "href", value.strip()
        elif name in _ATTRIBUTES and _is_harmless(value):
            yield name, value


def _styles(text: str) -> Iterator[tuple[str, str]]:
    """Turn declarations into attributes: a style attribute is not shown (CSP)."""
    for declaration in text.split(";"):
        name, _, value = declaration.partition(":")
        if name.strip() in _LOOKS and _is_harmless(value):
            yield name.strip(), value.strip()


def _is_harmless(value: str) -> bool:
    rest = _LOCAL_URL.sub("", value).lower()
    return not any(each in rest for each in ("url", "\\", "@", "javascript:", "data:"))


def _size(attributes: Mapping[str, str]) -> tuple[float, float] | None:
    box = re.split(r"[\s,]+", attributes.get("viewBox", "").strip())
    given = box[2:] if len(box) == _BOX else []
    given = given or [attributes.get(each, "") for each in ("width", "height")]
    found = [_NUMBER.fullmatch(each) for each in given]
    numbers = [float(each[1]) for each in found if each is not None]
    is_whole = len(numbers) == len(("width", "height"))
    return (numbers[0], numbers[1]) if is_whole and min(numbers) > 0 else None


def _box(
    attributes: Mapping[str, str], size: tuple[float, float] | None
) -> dict[str, str]:
    """Give every SVG a viewBox and its own size, so that it scales as an image."""
    if size is None:
        return {}
    width, height = (f"{each:g}" for each in size)
    box = attributes.get("viewBox") or f"0 0 {width} {height}"
    return {"viewBox": box, "width": width, "height": height}
