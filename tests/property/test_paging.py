"""Pages make up the list, whatever it is; a cursor is refused unless it is ours."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkpulse.errors import InvalidRequestError
from parkpulse.query import paging

if TYPE_CHECKING:
    from parkpulse.query.paging import Key

ITEMS = st.lists(
    st.tuples(st.text(max_size=3), st.integers(-5, 5)), unique=True, max_size=30
)


def key(item: tuple[str, int]) -> Key:
    return item


@given(ITEMS, st.integers(1, 10), st.sampled_from(["name", "-name"]))
def test_pages_make_up_the_list(
    items: list[tuple[str, int]], limit: int, order: str
) -> None:
    # NUL cannot stand in any code or name.
    clean = [(text.replace("\0", ""), number) for text, number in items]
    unique = sorted(set(clean))
    collected: list[tuple[str, int]] = []
    cursor = None
    while True:
        page = paging.cut(unique, key, order=order, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        collected += page.items
        cursor = page.next
        if cursor is None:
            break
    assert collected == sorted(unique, reverse=order == "-name")


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_a_cursor_of_somebody_else(cursor: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        paging.decode("name", cursor, [str, int])
    assert refused.value.code == "invalid_cursor"


@pytest.mark.parametrize(
    "made",
    [
        paging.encode("other", ["a", 1]),
        paging.encode("name", ["a"]),
        paging.encode("name", ["a", "1"]),
        paging.encode("name", [1, 1]),
        paging.encode("name", ["a", 1, 2]),
        paging.encode("name", ["a", 10**18]),
        paging.encode("name", ["a\0", 1]),
        paging.encode("name", ["a", True]),
    ],
)
def test_a_cursor_of_another_list(made: str) -> None:
    with pytest.raises(InvalidRequestError):
        paging.decode("name", made, [str, int])


def test_items_that_come_and_go_between_pages_disturb_nothing() -> None:
    items = [("a", 1), ("c", 1), ("e", 1)]
    first = paging.cut(items, key, order="name", limit=2, cursor=None)
    changed = [("a", 1), ("b", 1), ("d", 1), ("e", 1)]
    second = paging.cut(changed, key, order="name", limit=2, cursor=first.next)
    assert second.items == [("d", 1), ("e", 1)]
