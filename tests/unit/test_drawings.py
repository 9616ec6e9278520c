"""Drawings of parks: what is kept of an SVG, PNG by its header, GeoJSON as outlines."""

from __future__ import annotations

import json
import struct

import pytest

from parkpulse.errors import InvalidRequestError
from parkpulse.model import drawing, outline
from simulators.demo import plan

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10">{}</svg>'


def _kept(inner: str) -> str:
    return drawing.svg(_SVG.format(inner).encode()).content.decode()


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>",
        "<style>rect{fill:url(http://x/)}</style>",
        "<foreignObject><body/></foreignObject>",
        '<image href="http://x/a.png"/>',
        '<a href="javascript:alert(1)"><rect/></a>',
        '<use href="http://x/#a"/>',
        '<rect onclick="alert(1)" onload="x"/>',
        '<rect style="fill:url(http://x/);behavior:url(#x)"/>',
        '<rect fill="url(javascript:1)"/>',
        '<animate attributeName="href" to="javascript:1"/>',
        '<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>',
    ],
)
def test_nothing_that_acts_or_asks_elsewhere_is_kept(bad: str) -> None:
    kept = _kept(bad + '<circle r="1"/>').replace(
        'xmlns="http://www.w3.org/2000/svg"', ""
    )
    assert "<circle" in kept
    for part in ("script", "http:", "alert", "onclick", "onload", "style", "animate"):
        assert part not in kept


def test_shapes_looks_and_text_are_kept() -> None:
    kept = _kept(
        '<g transform="scale(2)"><path d="M0 0L1 1" style="fill:red; stroke: #123"/>'
        '</g><rect fill="url(#a)"/><use href="#a"/><text x="1">A &lt; B</text>'
    )
    assert '<path d="M0 0L1 1" fill="red" stroke="#123">' in kept
    assert 'fill="url(#a)"' in kept
    assert '<use href="#a">' in kept
    assert "A &lt; B" in kept
    assert drawing.svg(kept.encode()).content.decode() == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<svg",
        "<html/>",
        '<svg xmlns="http://www.w3.org/2000/svg"/>',
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg viewBox="0 0 1 1">&a;</svg>',
        _SVG.format("<g>" * 100 + "</g>" * 100),
        _SVG.format("<g/>" * 60_000),
    ],
)
def test_what_is_no_drawing_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        drawing.svg(text.encode())


def test_a_png_is_known_by_its_header() -> None:
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)
    assert drawing.png(head)[2:] == (640.0, 480.0)
    for wrong in (b"GIF89a", head[:20], head.replace(b"\0\0\x02\x80", b"\0\0\0\0")):
        with pytest.raises(InvalidRequestError):
            drawing.png(wrong)


def test_geojson_becomes_outlines_north_up() -> None:
    ring = [[117.0, 36.0], [117.1, 36.0], [117.1, 36.2], [117.0, 36.0]]
    feature = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    document = {"type": "FeatureCollection", "features": [feature]}
    drawn, bounds = outline.draw(json.dumps(document).encode())
    assert bounds == pytest.approx((116.992, 35.992, 117.108, 36.208))
    assert drawn.height > drawn.width
    assert drawing.svg(drawn.content).width == drawn.width


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"type":"Point","coordinates":["a",1]}',
        '{"type":"Point","coordinates":[500000,4000000]}',
        '{"type":"Polygon","coordinates":[]}',
        '{"type":"Circle"}',
    ],
)
def test_what_is_no_geojson_in_degrees_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        outline.draw(text.encode())


def test_the_demonstration_has_a_drawing_with_its_places_on_it() -> None:
    drawn = drawing.svg(plan._FOLDER.joinpath("plan.svg").read_bytes())
    assert drawn.width > drawn.height
    assert {"canal", "tunnel-gas"} <= {each.code for each in plan.positions()}
