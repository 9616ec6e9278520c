"""Credentials at the broker; their secrets are kept as hashes only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from psycopg.types.json import Jsonb

from parkpulse.errors import ConflictError, NotFoundError
from parkpulse.model import credentials
from parkpulse.model.credentials import Credential, Grant, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from parkpulse.store.pool import Connection

CHANNEL = "credentials"
"""Notified whenever a credential is made or ended."""
_DEVICE = "device"
_CREDENTIAL = "credential"


class Speaks(NamedTuple):
    """What a gateway's credential is for."""

    devices: tuple[str, ...] = ()
    """PARK/DEVICE of each device."""
    topics: tuple[Grant, ...] = ()


def create(conn: Connection, subject: Subject, secret_hash: str, speaks: Speaks) -> str:
    """Make the credential of a subject that has none in force; return its user name.

    Raises
    ------
    ConflictError
        It has one.
    NotFoundError
        There is no such device.
    """
    _lock(conn, subject)
    if _of(conn, subject):
        message = f"{subject} has a credential already: rotate or revoke it"
        raise ConflictError(message)
    return _add(conn, subject, secret_hash, speaks)


def rotate(
    conn: Connection, subject: Subject, secret_hash: str, overlap: timedelta
) -> str:
    """Make a new credential with the same rights; the old ones end after `overlap`.

    Raises
    ------
    NotFoundError
        The subject has none.
    """
    _lock(conn, subject)
    present = [each for each in _of(conn, subject) if each.expires_at is None]
    if not present:
        raise NotFoundError(_CREDENTIAL, str(subject))
    speaks = Speaks(_device_keys(conn, present[-1]), present[-1].topics)
    conn.execute(
        """
        update mqtt_credential set expires_at = now() + %s
        where kind = %s and name = %s and revoked_at is null and expires_at is null
        """,
        [overlap, *subject],
    )
    return _add(conn, subject, secret_hash, speaks)


def revoke(conn: Connection, subject: Subject, username: str | None = None) -> int:
    """End all credentials of a subject, or one of them; return how many.

    Raises
    ------
    NotFoundError
        None is in force.
    """
    ended = conn.execute(
        """
        update mqtt_credential set revoked_at = now()
        where kind = %(kind)s and name = %(name)s and revoked_at is null
            and (expires_at is null or expires_at > now())
            and (%(username)s::text is null or username = %(username)s)
        """,
        {"kind": subject.kind, "name": subject.name, "username": username},
    ).rowcount
    if not ended:
        raise NotFoundError(_CREDENTIAL, username or str(subject))
    _tell(conn)
    return ended


def active(conn: Connection) -> list[Credential]:
    """All that are in force now, by user name; none of a device out of use."""
    return [
        each
        for each in _rows(conn, in_force=True)
        if each.devices or each.topics or each.subject.kind == "service"
    ]


def find(conn: Connection, username: str) -> Credential | None:
    """Return the credential of a user name that is in force."""
    found = _rows(conn, username=username, in_force=True)
    return found[0] if found else None


def listed(conn: Connection, park: str | None = None) -> list[Credential]:
    """All that ever were, or those that speak for devices of a park."""
    found = _rows(conn)
    if park is None:
        return found
    return [each for each in found if park in {code for code, _ in each.devices}]


def next_end_s(conn: Connection) -> float | None:
    """How long until an overlap ends; None when none is open. [s]."""
    row = conn.execute(
        """
        select extract(epoch from min(expires_at) - now())::float8
        from mqtt_credential where revoked_at is null and expires_at > now()
        """
    ).fetchone()
    return None if row is None else row[0]


def without(conn: Connection, park: str) -> list[Subject]:
    """Devices of a park in use that have no credential in force, by code."""
    rows = conn.execute(
        """
        select park.code || '/' || device.code
        from device join park on park.id = device.park_id
        where park.code = %s and device.state = 'active' and not exists (
            select from mqtt_credential_device d
            join mqtt_credential c on c.id = d.credential_id
            where d.device_id = device.id and c.revoked_at is null
                and (c.expires_at is null or c.expires_at > now())
        )
        order by device.code collate "C"
        """,
        [park],
    )
    return [Subject("device", row[0]) for row in rows]


def _lock(conn: Connection, subject: Subject) -> None:
    conn.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, 45))",
        [f"mqtt_credential {subject}"],
    )


def _add(conn: Connection, subject: Subject, secret_hash: str, speaks: Speaks) -> str:
    devices = (subject.name,) if subject.kind == "device" else speaks.devices
    ids = [_device_id(conn, each) for each in devices]
    counted = conn.execute(
        """
        select coalesce(max(generation), 0) + 1 from mqtt_credential
        where kind = %s and name = %s
        """,
        subject,
    ).fetchone()
    generation = 1 if counted is None else int(counted[0])
    username = credentials.username(subject, generation)
    added = conn.execute(
        """
        insert into mqtt_credential
            (kind, name, generation, username, secret_hash, topics)
        values (%s, %s, %s, %s, %s, %s)
        returning id
        """,
        [
            *subject,
            generation,
            username,
            secret_hash,
            Jsonb([list(each) for each in speaks.topics]),
        ],
    ).fetchone()
    for each in sorted(set(ids)):
        conn.execute(
            "insert into mqtt_credential_device values (%s, %s)",
            [None if added is None else added[0], each],
        )
    _tell(conn)
    return username


def _device_id(conn: Connection, key: str) -> int:
    park, _, code = key.partition("/")
    row = conn.execute(
        """
        select device.id from device join park on park.id = device.park_id
        where park.code = %s and device.code = %s and device.state <> 'retired'
        """,
        [park, code],
    ).fetchone()
    if row is None:
        raise NotFoundError(_DEVICE, key)
    return int(row[0])


def _device_keys(conn: Connection, of: Credential) -> tuple[str, ...]:
    rows = conn.execute(
        """
        select park.code || '/' || device.code
        from mqtt_credential c
        join mqtt_credential_device d on d.credential_id = c.id
        join device on device.id = d.device_id
        join park on park.id = device.park_id
        where c.username = %s and device.state <> 'retired'
        """,
        [of.username],
    )
    return tuple(row[0] for row in rows)


def _of(conn: Connection, subject: Subject) -> list[Credential]:
    return _rows(conn, subject=subject, in_force=True)


def _rows(
    conn: Connection,
    *,
    username: str = "",
    subject: Subject | None = None,
    in_force: bool = False,
) -> list[Credential]:
    """Read credentials with the ids that they speak for; all for an empty name."""
    rows = conn.execute(
        """
        select c.kind, c.name, c.generation, c.username, c.secret_hash, c.topics,
            c.created_at, c.expires_at, c.revoked_at,
            coalesce((
                select array_agg(array[park.code, id.code]
                    order by park.code collate "C", id.code collate "C")
                from mqtt_credential_device d
                join device on device.id = d.device_id
                join park on park.id = device.park_id
                cross join lateral (
                    select device.code
                    union
                    select alias from device_alias where device_id = device.id
                ) id
                where d.credential_id = c.id and device.state <> 'retired'
            ), '{}')
        from mqtt_credential c
        where (%(username)s = '' or c.username = %(username)s)
            and (%(kind)s::text is null or c.kind = %(kind)s and c.name = %(name)s)
            and (
            not %(in_force)s
            or c.revoked_at is null
                and (c.expires_at is null or c.expires_at > now()))
        order by c.username collate "C"
        """,
        {
            "username": username,
            "kind": subject and subject.kind,
            "name": subject and subject.name,
            "in_force": in_force,
        },
    )
    return [_credential(*row) for row in rows]


def _credential(
    kind: credentials.Kind,
    name: str,
    generation: int,
    user: str,
    secret_hash: str,
    topics: Sequence[tuple[credentials.Access, str]],
    created_at: datetime,
    expires_at: datetime | None,
    revoked_at: datetime | None,
    devices: Sequence[tuple[str, str]],
) -> Credential:
    return Credential(
        Subject(kind, name),
        generation,
        user,
        secret_hash,
        tuple((park, code) for park, code in devices),
        _topics(topics),
        created_at,
        expires_at,
        revoked_at,
    )


def _topics(stored: Sequence[tuple[credentials.Access, str]]) -> tuple[Grant, ...]:
    return tuple(Grant(access, topic) for access, topic in stored)


def _tell(conn: Connection) -> None:
    conn.execute("select pg_notify(%s, '')", [CHANNEL])
