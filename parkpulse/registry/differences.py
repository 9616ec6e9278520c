"""What a document would change in the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from parkpulse.registry import drafts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.model.registry import ParkSpec

Kind = Literal["added", "changed", "removed"]


class Difference(NamedTuple):
    """One entity that is not the same."""

    kind: Kind
    table: str
    park: str
    key: str
    """Codes that name the entity within its park, parted by `/`."""
    before: dict[str, str]
    """Cells that differ, as registered."""
    after: dict[str, str]
    """Cells that differ, as in the files."""


_Cells = dict[tuple[str, str], dict[str, str]]


def differences(before: ParkSpec | None, after: ParkSpec) -> Iterator[Difference]:
    """Compare what is registered of a park with what shall be, entity by entity."""
    old, new = _cells(before), _cells(after)
    for table, key in [*new, *(each for each in old if each not in new)]:
        was, is_ = old.get((table, key)), new.get((table, key))
        if was is None and is_ is not None:
            filled = {name: cell for name, cell in is_.items() if cell}
            yield Difference("added", table, after.code, key, {}, filled)
        elif is_ is None and was is not None:
            yield Difference("removed", table, after.code, key, was, {})
        elif was is not None and is_ is not None and was != is_:
            differing = [name for name in is_ if is_[name] != was[name]]
            yield Difference(
                "changed",
                table,
                after.code,
                key,
                {name: was[name] for name in differing},
                {name: is_[name] for name in differing},
            )


def _cells(spec: ParkSpec | None) -> _Cells:
    if spec is None:
        return {}
    found: _Cells = {}
    for table, cells in drafts.rows(spec):
        count = 1 + len(table.keys)
        key = "/".join(cells[1:count])
        named = zip(list(table.fields), cells[count:], strict=True)
        found[table.name, key] = dict(named)
    return found
