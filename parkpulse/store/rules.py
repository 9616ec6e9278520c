"""Alert rules, and the series that they may watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from parkpulse.model.registry import SLOTS, Name
from parkpulse.model.rule import Place, RuleSpec, StoredRule, Threshold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.store.pool import Connection

CHANNEL = "registry"
"""Notified when a rule has changed, as for everything else that is registered."""


class WatchedSeries(NamedTuple):
    """A series with what rules and alerts need of its surroundings."""

    id: int
    metric: str
    report_interval_s: int
    park_id: int
    park: str
    device_id: int
    device: str
    device_kind: str
    place_id: int | None
    places: list[Place]
    """From the device's own place outwards."""


def apply(conn: Connection, rules: Sequence[RuleSpec], park_id: int | None) -> None:
    """Put rules in force in one park, or with None in all; the same again is nothing.

    Rules that are not named stay as they are.
    """
    changed = False
    for rule in sorted(rules, key=lambda each: each.code):
        cursor = conn.execute(
            """
            insert into rule as r
                (park_id, code, enabled, name_zh, name_en, definition, source)
            values (%s, %s, %s, %s, %s, %s::jsonb, %s)
            on conflict (park_id, code) do update set
                version = r.version + 1,
                enabled = excluded.enabled,
                name_zh = excluded.name_zh,
                name_en = excluded.name_en,
                definition = excluded.definition,
                source = excluded.source
            where (r.enabled, r.name_zh, r.name_en, r.definition, r.source)
                is distinct from (excluded.enabled, excluded.name_zh,
                    excluded.name_en, excluded.definition, excluded.source)
            """,
            [
                park_id,
                rule.code,
                rule.enabled,
                rule.name.zh,
                rule.name.en,
                msgspec.json.encode(rule.definition).decode(),
                rule.source,
            ],
        )
        changed = changed or cursor.rowcount > 0
    if changed:
        conn.execute("select pg_notify(%s, '')", [CHANNEL])


def load(conn: Connection) -> list[StoredRule]:
    """All rules, disabled ones too, by id."""
    rows = conn.execute(
        """
        select id, park_id, version, code, name_zh, name_en, definition::text, source,
            enabled
        from rule order by id
        """
    )
    return [_rule(*row) for row in rows]


def _rule(
    rule_id: int,
    park_id: int | None,
    version: int,
    code: str,
    zh: str,
    en: str,
    definition: str,
    source: str,
    enabled: bool,  # noqa: FBT001 - a column
) -> StoredRule:
    threshold = msgspec.json.decode(definition, type=Threshold)
    spec = RuleSpec(code, Name(zh, en), threshold, source, enabled)
    return StoredRule(rule_id, park_id, version, spec)


def watched(conn: Connection, slots: Sequence[int]) -> list[WatchedSeries]:
    """All series of the parks in these slots, by id; none of retired devices."""
    rows = conn.execute(
        """
        with recursive around (id, depth, place, code, kind) as (
            select p.id, 0, p.id, p.code, p.kind from place p
            union all
            select around.id, around.depth + 1, outer_place.id, outer_place.code,
                outer_place.kind
            from around
            join place inner_place on inner_place.id = around.place
            join place outer_place on outer_place.id = inner_place.parent_id
            where around.depth < 32
        ), nested as (
            select id, array_agg(code order by depth) as codes,
                array_agg(kind order by depth) as kinds
            from around group by id
        )
        select s.id, s.metric, s.report_interval_s, park.id, park.code, d.id, d.code,
            d.kind, d.place_id, nested.codes, nested.kinds
        from park
        join device d on d.park_id = park.id and d.state <> 'retired'
        join series s on s.device_id = d.id
        left join nested on nested.id = d.place_id
        where mod(park.id, %s) = any(%s)
        order by s.id
        """,
        [SLOTS, list(slots)],
    )
    return [_watched(*row) for row in rows]


def _watched(
    series_id: int,
    metric: str,
    report_interval_s: int,
    park_id: int,
    park: str,
    device_id: int,
    device: str,
    device_kind: str,
    place_id: int | None,
    codes: list[str] | None,
    kinds: list[str] | None,
) -> WatchedSeries:
    places = [Place(*each) for each in zip(codes or [], kinds or [], strict=True)]
    return WatchedSeries(
        series_id,
        metric,
        report_interval_s,
        park_id,
        park,
        device_id,
        device,
        device_kind,
        place_id,
        places,
    )
