"""The ledger of green power contracts, retired certificates and sold attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.errors import InvalidRequestError
from parkpulse.model.certificates import KWH_PER_CERTIFICATE, Attribute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.certificates import AttributeSpec
    from parkpulse.store.pool import Connection


def load(conn: Connection, data_centre_id: int) -> list[Attribute]:
    """All rows of a data centre, by id."""
    rows = conn.execute(
        """
        select id, serial, kind, volume_kwh, generated_from, generated_to, valid_to,
            retired_on, used_from, used_to, source
        from energy_attribute where data_centre_id = %s order by id
        """,
        [data_centre_id],
    )
    return [Attribute(*row) for row in rows]


def apply(conn: Connection, data_centre_id: int, specs: Sequence[AttributeSpec]) -> int:
    """Put rows in place, idempotently; annual figures they touch are folded again.

    Parameters
    ----------
    conn
        In a transaction.
    data_centre_id
        Whose consumption the attributes serve.
    specs
        Rows; one whose serial is known replaces the known row.

    Returns
    -------
    int
        How many rows are new or changed.

    Raises
    ------
    InvalidRequestError
        Dates are in the wrong order, a certificate is not of whole 1000 kWh, a serial
        stands twice, or it belongs to another data centre already: a double count.
    """
    _check(specs)
    _refuse_foreign(conn, data_centre_id, [spec.serial for spec in specs])
    ordered = sorted(specs, key=lambda spec: spec.serial)
    touched = [_put(conn, data_centre_id, spec) for spec in ordered]
    changed = [
        spec for spec, is_changed in zip(ordered, touched, strict=True) if is_changed
    ]
    if changed:
        _mark(conn, data_centre_id)
    return len(changed)


def remove(conn: Connection, data_centre_id: int, serials: Sequence[str]) -> int:
    """Take rows out of the ledger; returns how many there were."""
    found = conn.execute(
        "delete from energy_attribute where data_centre_id = %s and serial = any(%s)",
        [data_centre_id, list(serials)],
    ).rowcount
    if found:
        _mark(conn, data_centre_id)
    return found


def _check(specs: Sequence[AttributeSpec]) -> None:
    seen: set[str] = set()
    for row, spec in enumerate(specs):
        problem = _problem(spec, seen)
        if problem is not None:
            message = f"attribute {spec.serial!r}: {problem[1]}"
            raise InvalidRequestError(
                code="invalid_value", message=message, pointer=f"/{row}/{problem[0]}"
            )
        seen.add(spec.serial)


def _problem(spec: AttributeSpec, seen: set[str]) -> tuple[str, str] | None:
    """Field and what is wrong with it."""
    if spec.serial in seen:
        return "serial", "stands twice"
    if spec.generated_from >= spec.generated_to:
        return "generated_to", "must be after generated_from"
    if spec.used_from >= spec.used_to:
        return "used_to", "must be after used_from"
    if spec.end_of_validity < spec.generated_to:
        return "valid_to", "must not be before generated_to"
    if spec.kind == "certificate" and spec.volume_kwh % KWH_PER_CERTIFICATE:
        return "volume_kwh", "a certificate stands for whole 1000 kWh"
    return None


def _refuse_foreign(
    conn: Connection, data_centre_id: int, serials: Sequence[str]
) -> None:
    row = conn.execute(
        """
        select serial from energy_attribute
        where serial = any(%s) and data_centre_id <> %s order by serial limit 1
        """,
        [list(serials), data_centre_id],
    ).fetchone()
    if row is not None:
        message = f"attribute {row[0]!r} counts for another data centre already"
        raise InvalidRequestError(
            code="invalid_value",
            message=message,
            pointer=f"/{serials.index(row[0])}/serial",
        )


def _put(conn: Connection, data_centre_id: int, spec: AttributeSpec) -> bool:
    # An old row's period may be the wider one: its figures change, too.
    return bool(
        conn.execute(
            """
            insert into energy_attribute as a (data_centre_id, kind, serial,
                volume_kwh, generated_from, generated_to, valid_to, retired_on,
                used_from, used_to, source)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (serial) do update set
                kind = excluded.kind, volume_kwh = excluded.volume_kwh,
                generated_from = excluded.generated_from,
                generated_to = excluded.generated_to, valid_to = excluded.valid_to,
                retired_on = excluded.retired_on, used_from = excluded.used_from,
                used_to = excluded.used_to, source = excluded.source,
                updated_at = now()
            where (a.kind, a.volume_kwh, a.generated_from, a.generated_to, a.valid_to,
                a.retired_on, a.used_from, a.used_to, a.source)
                is distinct from (excluded.kind, excluded.volume_kwh,
                excluded.generated_from, excluded.generated_to, excluded.valid_to,
                excluded.retired_on, excluded.used_from, excluded.used_to,
                excluded.source)
            """,
            [
                data_centre_id,
                spec.kind,
                spec.serial,
                spec.volume_kwh,
                spec.generated_from,
                spec.generated_to,
                spec.end_of_validity,
                spec.retired_on,
                spec.used_from,
                spec.used_to,
                spec.source,
            ],
        ).rowcount
    )


def _mark(conn: Connection, data_centre_id: int) -> None:
    """Have the data centre's longer periods folded again, all that the KPIs cover."""
    conn.execute(
        """
        insert into kpi_stale as s (data_centre_id, since, cause)
        select %(id)s, coalesce(min(period_start)::date, current_date), 'certificates'
        from kpi where data_centre_id = %(id)s and period = 'day'
        on conflict (data_centre_id) do update
        set since = least(s.since, excluded.since), cause = excluded.cause
        """,
        {"id": data_centre_id},
    )
