"""Alert rules, and the series that they may watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from parkpulse.errors import ConflictError, NotFoundError
from parkpulse.model.registry import SLOTS, Name
from parkpulse.model.rule import (
    Definition,
    Place,
    RuleSpec,
    RuleVersion,
    StoredRule,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.store.pool import Connection

CHANNEL = "registry"
"""Notified when a rule has changed, as for everything else that is registered."""
_KIND = "rule"


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
    kind: str = "gauge"
    modulus: float | None = None
    zone: str = "UTC"
    tags: tuple[str, ...] = ()


SYSTEM = "system"
"""Who puts the rules in place that are shipped or come with a park."""
_SHIPPED = "shipped"


class Change(NamedTuple):
    """Who changes a rule and why; `version` is the one that they have seen."""

    actor: str
    note: str = ""
    version: int | None = None


def apply(conn: Connection, rules: Sequence[RuleSpec], park_id: int | None) -> None:
    """Put rules in force in one park, or with None in all; the same again is nothing.

    Rules that are not named, and those that people have changed, stay as they are.
    """
    _write(conn, rules, park_id, Change(SYSTEM), is_edit=False)


def install(conn: Connection, rules: Sequence[RuleSpec], version: int) -> bool:
    """Put the shipped set in place unless this or a newer version of it is there."""
    found = conn.execute(
        """
        insert into rule_set as s (name, version) values (%s, %s)
        on conflict (name) do update set
            version = excluded.version, installed_at = now()
        where s.version < excluded.version
        returning version
        """,
        [_SHIPPED, version],
    ).fetchall()
    if found:
        apply(conn, rules, park_id=None)
    return bool(found)


def put(
    conn: Connection, spec: RuleSpec, park_id: int | None, change: Change
) -> StoredRule:
    """Write a rule as a person wants it; the same again makes no new version.

    Raises
    ------
    ConflictError
        The rule has changed since the version that they have seen; version 0 says
        that they know of none.
    """
    present = find(conn, park_id, spec.code)
    version = 0 if present is None else present.version
    if change.version is not None and change.version != version:
        message = f"the rule has version {version}, not {change.version}"
        raise ConflictError(message)
    _write(conn, [spec], park_id, change, is_edit=True)
    written = find(conn, park_id, spec.code)
    if written is None:
        raise NotFoundError(_KIND, spec.code)
    return written


def _write(
    conn: Connection,
    rules: Sequence[RuleSpec],
    park_id: int | None,
    change: Change,
    *,
    is_edit: bool,
) -> None:
    changed: list[int] = []
    for rule in sorted(rules, key=lambda each: each.code):
        cursor = conn.execute(
            """
            insert into rule as r
                (park_id, code, enabled, name_zh, name_en, definition, source,
                source_zh, edited)
            values (%(park)s, %(code)s, %(enabled)s, %(zh)s, %(en)s,
                %(definition)s::jsonb, %(source)s, %(source_zh)s, %(edit)s)
            on conflict (park_id, code) do update set
                version = r.version + 1,
                enabled = excluded.enabled,
                name_zh = excluded.name_zh,
                name_en = excluded.name_en,
                definition = excluded.definition,
                source = excluded.source,
                source_zh = excluded.source_zh,
                edited = excluded.edited
            where (excluded.edited or not r.edited)
                and (r.enabled, r.name_zh, r.name_en, r.definition, r.source,
                        r.source_zh)
                    is distinct from (excluded.enabled, excluded.name_zh,
                        excluded.name_en, excluded.definition, excluded.source,
                        excluded.source_zh)
            returning id
            """,
            {
                "park": park_id,
                "code": rule.code,
                "enabled": rule.enabled,
                "zh": rule.name.zh,
                "en": rule.name.en,
                "definition": msgspec.json.encode(rule.definition).decode(),
                "source": rule.source,
                "source_zh": rule.source_zh,
                "edit": is_edit,
            },
        )
        changed += [rule_id for (rule_id,) in cursor]
    if changed:
        _keep_versions(conn, changed, change)


def _keep_versions(conn: Connection, changed: Sequence[int], change: Change) -> None:
    conn.execute(
        """
        insert into rule_version (rule_id, version, actor, note, enabled, name_zh,
            name_en, definition, source, source_zh)
        select id, version, %s, %s, enabled, name_zh, name_en, definition, source,
            source_zh
        from rule where id = any(%s)
        """,
        [change.actor, change.note, list(changed)],
    )
    conn.execute("select pg_notify(%s, '')", [CHANNEL])


def find(conn: Connection, park_id: int | None, code: str) -> StoredRule | None:
    """Lock and return the rule of this code in one park, or the common one."""
    rows = conn.execute(
        """
        select id, park_id, version, code, name_zh, name_en, definition::text, source,
            enabled, source_zh, edited
        from rule where park_id is not distinct from %s and code = %s
        for update
        """,
        [park_id, code],
    ).fetchall()
    return _rule(*rows[0]) if rows else None


def load(conn: Connection) -> list[StoredRule]:
    """All rules, disabled ones too, by id."""
    rows = conn.execute(
        """
        select id, park_id, version, code, name_zh, name_en, definition::text, source,
            enabled, source_zh, edited
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
    source_zh: str,
    edited: bool,  # noqa: FBT001 - a column
) -> StoredRule:
    spec = _spec(code, zh, en, definition, source, enabled, source_zh)
    return StoredRule(rule_id, park_id, version, spec, edited)


def _spec(
    code: str,
    zh: str,
    en: str,
    definition: str,
    source: str,
    enabled: bool,  # noqa: FBT001 - a column
    source_zh: str,
) -> RuleSpec:
    decoded = msgspec.json.decode(definition, type=Definition)
    return RuleSpec(code, Name(zh, en), decoded, source, enabled, source_zh)


def history(conn: Connection, rule_id: int) -> list[RuleVersion]:
    """All versions of a rule, newest first."""
    rows = conn.execute(
        """
        select v.version, v.at, v.actor, v.note, r.code, v.name_zh, v.name_en,
            v.definition::text, v.source, v.enabled, v.source_zh
        from rule_version v join rule r on r.id = v.rule_id
        where v.rule_id = %s order by v.version desc
        """,
        [rule_id],
    )
    return [
        RuleVersion(version, at, actor, note, _spec(*columns))
        for version, at, actor, note, *columns in rows
    ]


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
            d.kind, d.place_id, nested.codes, nested.kinds, s.kind, s.modulus,
            park.zone, d.options ->> 'tags'
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


class WatchedDevice(NamedTuple):
    """A device with what rules of absence need of its surroundings."""

    id: int
    park_id: int
    park: str
    code: str
    kind: str
    report_interval_s: int
    place_id: int | None
    places: list[Place]
    tags: tuple[str, ...]
    series: list[int]


def watched_devices(conn: Connection, slots: Sequence[int]) -> list[WatchedDevice]:
    """Active devices with series of the parks in these slots, by id."""
    rows = conn.execute(
        """
        select d.id, d.report_interval_s, array_agg(s.id order by s.id)
        from device d
        join series s on s.device_id = d.id
        where d.state = 'active' and mod(d.park_id, %s) = any(%s)
        group by d.id order by d.id
        """,
        [SLOTS, list(slots)],
    )
    about = {each.id: each for each in watched(conn, slots)}
    return [_device(about[series[0]], interval, series) for _, interval, series in rows]


def _device(
    one: WatchedSeries, report_interval_s: int, series: list[int]
) -> WatchedDevice:
    return WatchedDevice(
        one.device_id,
        one.park_id,
        one.park,
        one.device,
        one.device_kind,
        report_interval_s,
        one.place_id,
        one.places,
        one.tags,
        series,
    )


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
    kind: str,
    modulus: float | None,
    zone: str,
    tags: str | None,
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
        kind,
        modulus,
        zone,
        tuple((tags or "").split()),
    )
