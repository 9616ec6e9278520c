"""What rules of several conditions together find in the parks of some slots."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from analytics import compositions
from analytics.compositions import FOREVER, Span
from parkpulse.engine.alerts_reconcile import Origin
from parkpulse.engine.alerts_record import Finding
from parkpulse.model import instants, rule
from parkpulse.model.condition import Interval, Step
from parkpulse.model.definitions import Composition
from parkpulse.model.registry import SLOTS
from parkpulse.store import conditions, parks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parkpulse.model.condition import Key
    from parkpulse.model.rule import StoredRule
    from parkpulse.store.conditions import Member
    from parkpulse.store.parks import ParkRow, PlaceRow
    from parkpulse.store.pool import Connection

HORIZON = 31 * instants.DAY
"""How far back late data may still change what held together. [us]"""
_Groups = dict[int | None, dict[int, list["Member"]]]


def findings(
    conn: Connection, stored: Sequence[StoredRule], slots: Sequence[int]
) -> tuple[list[Finding], set[Key]]:
    """Compare recorded and computed conditions; return these and all keys watched."""
    clocks = {key: instants.to_us(now) for key, now in parks.clocks(conn).items()}
    places = {each.id: each for each in parks.places(conn)}
    found: list[Finding] = []
    for park in parks.parks(conn):
        if park.id % SLOTS not in slots:
            continue
        in_force = rule.in_force(stored, park.id)
        for each in in_force:
            if isinstance(each.spec.definition, Composition):
                composer = _Composer(conn, park, clocks[park.id], places)
                found += composer.findings(each, in_force)
    return found, {each.origin.key for each in found}


class _Composer:
    """Composes the conditions of one park."""

    def __init__(
        self,
        conn: Connection,
        park: ParkRow,
        now: int,
        places: Mapping[int, PlaceRow],
    ) -> None:
        self._conn = conn
        self._park = park
        self._now = now
        self._places = places
        self._by_code = {
            each.code: each for each in places.values() if each.park_id == park.id
        }

    def findings(
        self, stored: StoredRule, in_force: Sequence[StoredRule]
    ) -> list[Finding]:
        """Compare one rule's conditions, place by place."""
        definition = stored.spec.definition
        ids = {each.spec.code: each.id for each in in_force}
        if not isinstance(definition, Composition) or not all(
            code in ids for code in definition.rules
        ):
            return []
        since = self._now - HORIZON
        within = round(definition.within_s * instants.SECOND)
        members = [ids[code] for code in definition.rules]
        groups = self._groups(definition, members, since - within)
        recorded = conditions.of_rule(self._conn, stored.id, self._park.id, since)
        subjects = {self._subject(place): place for place in groups}
        for subject in recorded:
            subjects.setdefault(subject, self._place_of(subject))
        found = []
        for subject, place in sorted(subjects.items()):
            new = self._intervals(definition, groups.get(place, {}), members, since)
            origin = Origin(
                stored.id, subject, self._park.id, place, None, None, definition
            )
            old = recorded.get(subject, [])
            found.append(Finding(origin, self._now, is_fresh=True, old=old, new=new))
        return found

    def _groups(
        self, definition: Composition, members: Sequence[int], since: int
    ) -> _Groups:
        groups: _Groups = defaultdict(lambda: defaultdict(list))
        for each in conditions.members(self._conn, members, self._park.id, since):
            is_placed, place = self._place(definition, each.place_id)
            if is_placed:
                groups[place][each.rule_id].append(each)
        return groups

    def _place(
        self, definition: Composition, place_id: int | None
    ) -> tuple[bool, int | None]:
        """Find the place in which a condition counts; with no kinds the park."""
        if definition.place_kinds is None:
            return True, None
        place = None if place_id is None else self._places.get(place_id)
        while place is not None and place.kind not in definition.place_kinds:
            place = self._by_code.get(place.parent) if place.parent else None
        return place is not None, None if place is None else place.id

    def _subject(self, place: int | None) -> str:
        code = self._park.code
        return code if place is None else f"{code}/{self._places[place].code}"

    def _place_of(self, subject: str) -> int | None:
        place = self._by_code.get(subject.partition("/")[2])
        return None if place is None else place.id

    def _intervals(
        self,
        definition: Composition,
        group: Mapping[int, Sequence[Member]],
        members: Sequence[int],
        since: int,
    ) -> list[Interval]:
        spans = [
            [
                Span(each.raised, FOREVER if each.cleared is None else each.cleared)
                for each in group.get(member, [])
            ]
            for member in members
        ]
        within = round(definition.within_s * instants.SECOND)
        level = definition.levels[0]
        return [
            Interval(
                onset=each.start,
                raised=each.start,
                cleared=None if each.end > self._now else each.end,
                steps=(Step(each.start, level.severity, level.limit),),
            )
            for each in compositions.compose(spans, within)
            if each.end > since and each.start <= self._now
        ]
