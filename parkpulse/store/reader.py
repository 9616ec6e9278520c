"""The role that dashboards read with: it sees nothing but the schema `dashboard`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from parkpulse.errors import ConfigError

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

ROLE = "parkpulse_grafana"
"""Its usual name."""
_LIMITS = (
    sql.SQL("alter role {role} connection limit 20"),
    sql.SQL("alter role {role} set default_transaction_read_only = on"),
    sql.SQL("alter role {role} set statement_timeout = '30s'"),
    sql.SQL("alter role {role} set lock_timeout = '5s'"),
    sql.SQL("alter role {role} set idle_in_transaction_session_timeout = '60s'"),
    sql.SQL("alter role {role} set search_path = dashboard"),
    sql.SQL("alter role {role} set timezone = 'UTC'"),
)
_GRANTS = (
    # An older set-up let it read every table.
    sql.SQL("revoke all on all tables in schema public from {role}"),
    sql.SQL("alter default privileges revoke all on tables from {role}"),
    sql.SQL("grant usage on schema dashboard to {role}"),
    sql.SQL("grant select on all tables in schema dashboard to {role}"),
    sql.SQL("grant execute on all functions in schema dashboard to {role}"),
    sql.SQL(
        "alter default privileges in schema dashboard grant select on tables to {role}"
    ),
    sql.SQL(
        "alter default privileges in schema dashboard"
        " grant execute on functions to {role}"
    ),
)


def make(conn: Connection, name: str, password: str) -> bool:
    """Make the role or set its password and limits; tell whether it is new.

    Parameters
    ----------
    conn
        Connection of a role that may create roles.
    name
        Of the role.
    password
        Reaches the server as a SCRAM verifier only, so that no log can hold it.

    Raises
    ------
    ConfigError
        The name is that of a superuser.
    """
    found = conn.execute(
        "select rolsuper from pg_roles where rolname = %s", [name]
    ).fetchone()
    if found is not None and found[0]:
        message = f"the role {name} is a superuser: choose another name with --name"
        raise ConfigError(message)
    role = sql.Identifier(name)
    if found is None:
        conn.execute(sql.SQL("create role {}").format(role))
    verifier = conn.pgconn.encrypt_password(
        password.encode(), name.encode(), b"scram-sha-256"
    )
    conn.execute(
        sql.SQL("alter role {} login password {}").format(
            role, sql.Literal(verifier.decode())
        )
    )
    for statement in _LIMITS:
        conn.execute(statement.format(role=role))
    return found is None


def exists(conn: Connection, name: str) -> bool:
    """Whether there is such a role."""
    return (
        conn.execute("select from pg_roles where rolname = %s", [name]).fetchone()
        is not None
    )


def grant(conn: Connection, name: str) -> None:
    """Let the role read the schema `dashboard`, and what is added to it later.

    `conn` is of the role that owns the schema: the one of the migrations.
    """
    for statement in _GRANTS:
        conn.execute(statement.format(role=sql.Identifier(name)))


def script(name: str) -> str:
    """Return the SQL that an administrator runs in the database instead of `make`."""
    role = sql.Identifier(name)
    statements = [
        sql.SQL("create role {role} login"),
        *_LIMITS,
    ]
    lines = [each.format(role=role).as_string(None) + ";" for each in statements]
    return "\n".join([*lines, f"\\password {role.as_string(None)}", ""])
