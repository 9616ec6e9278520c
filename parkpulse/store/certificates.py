"""The ledger of green power contracts, retired certificates and sold attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.errors import InvalidRequestError
from parkpulse.model import certificates as model
from parkpulse.model.certificates import Attribute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.certificates import AttributeSpec, Fault
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
        Dates are in the wrong order, a certificate is not of whole 1000 kWh, or a
        serial stands twice, within a batch or for any data centre: a double count.
    """
    for fault in faults(conn, data_centre_id, specs):
        raise InvalidRequestError(
            code="invalid_value",
            message=f"attribute {specs[fault.row].serial!r}: {fault.text}",
            pointer=f"/{fault.row}/{fault.field}",
        )
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


def forget(conn: Connection, serials: Sequence[str]) -> list[str]:
    """Take rows of any data centre out of the ledger; returns those there were."""
    rows = conn.execute(
        "select data_centre_id, serial from energy_attribute where serial = any(%s)",
        [list(serials)],
    ).fetchall()
    for data_centre_id in sorted({row[0] for row in rows}):
        remove(
            conn, data_centre_id, [row[1] for row in rows if row[0] == data_centre_id]
        )
    return [row[1] for row in rows]


def faults(
    conn: Connection, data_centre_id: int, specs: Sequence[AttributeSpec]
) -> list[Fault]:
    """Find rows that cannot stand in the ledger, at most one fault of each."""
    taken = conn.execute(
        """
        select serial from energy_attribute
        where data_centre_id <> %s or serial <> all(%s) order by id
        """,
        [data_centre_id, [spec.serial for spec in specs]],
    )
    return list(model.faults(specs, [row[0] for row in taken]))


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
