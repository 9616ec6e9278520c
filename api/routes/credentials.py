"""Who may use the broker as which device: issue, rotate, revoke, list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from fastapi import APIRouter, Query, Request

from api import lists
from api.auth.rights import Right, needs
from api.context import Ctx
from api.schemas.common import Page
from api.schemas.credentials import (
    MOST,
    Credential,
    CredentialRevocation,
    CredentialRotation,
    CredentialsQuery,
    IssuedCredential,
    IssuedCredentials,
    NewCredentials,
    Revoked,
)
from parkpulse.errors import ConflictError, InvalidRequestError, NotFoundError
from parkpulse.model import credentials
from parkpulse.store import credentials as store
from parkpulse.store.credentials import Speaks

if TYPE_CHECKING:
    from parkpulse.model.credentials import Subject
    from parkpulse.store.pool import Connection

router = APIRouter(
    tags=["registry"], dependencies=[needs(Right.READ), needs(Right.REGISTRY)]
)


@router.get(
    "/registry/credentials",
    response_model=Page[Credential],
    summary="Credentials at the broker",
)
def list_credentials(
    query: Annotated[CredentialsQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """User names with what they are for; never their passwords."""
    now = datetime.now(UTC)
    with ctx.database.transaction() as conn:
        found = [_shown(each, now) for each in store.listed(conn, query.park)]
    shown = [each for each in found if query.ended or each["state"] != "ended"]
    return lists.give(request, query, shown, Credential, ("username",))


@router.post(
    "/registry/credentials",
    response_model=IssuedCredentials,
    summary="Issue credentials",
)
def issue_credentials(body: NewCredentials, ctx: Ctx) -> object:
    """Make credentials; the passwords are in this answer only."""
    with ctx.database.transaction() as conn:
        subjects, left = _subjects(conn, body)
        speaks = Speaks(tuple(body.devices) if body.gateway else ())
        items = [
            _issued(conn, each, speaks, f"/devices/{index}")
            for index, each in enumerate(subjects)
        ]
    return {"items": items, "left": left}


@router.post(
    "/registry/credentials/rotate",
    response_model=IssuedCredential,
    summary="Replace a credential",
)
def rotate_credential(body: CredentialRotation, ctx: Ctx) -> object:
    """Make a new password with the same rights; the old one ends after `overlap_s`."""
    subject, secret = _subject(body.subject), credentials.new_secret()
    overlap = timedelta(seconds=body.overlap_s)
    with ctx.database.transaction() as conn:
        user = store.rotate(conn, subject, credentials.hashed(secret), overlap)
    return {"subject": str(subject), "username": user, "password": secret}


@router.post(
    "/registry/credentials/revoke",
    response_model=Revoked,
    summary="End credentials",
)
def revoke_credential(body: CredentialRevocation, ctx: Ctx) -> object:
    """End credentials at once; who is connected with them is disconnected."""
    with ctx.database.transaction() as conn:
        return {"revoked": store.revoke(conn, _subject(body.subject), body.username)}


def _subjects(conn: Connection, body: NewCredentials) -> tuple[list[Subject], int]:
    """Whose credentials are wanted, and how many more the park needs."""
    if body.park is not None:
        if body.devices or body.gateway:
            _refuse("invalid_value", "a park, or devices", "/park")
        without = store.without(conn, body.park)
        return without[:MOST], max(0, len(without) - MOST)
    if not body.devices:
        _refuse("missing", "name devices or a park", "/devices")
    if body.gateway is not None:
        return [credentials.subject(f"gateway:{body.gateway}")], 0
    return [credentials.subject(each) for each in body.devices], 0


def _issued(
    conn: Connection, subject: Subject, speaks: Speaks, pointer: str
) -> dict[str, str]:
    secret = credentials.new_secret()
    is_device = subject.kind == "device"
    try:
        user = store.create(conn, subject, credentials.hashed(secret), speaks)
    except ConflictError:
        _refuse(
            "credential_exists",
            f"{subject} has one",
            pointer if is_device else "/gateway",
        )
    except NotFoundError:
        _refuse(
            "unknown_device",
            f"no such device: {subject}",
            pointer if is_device else "/devices",
        )
    return {"subject": str(subject), "username": user, "password": secret}


def _subject(text: str) -> Subject:
    """Read whose credential; those of our own processes are not changed from afar."""
    found = credentials.subject(text)
    if found.kind == "service":
        _refuse("bad_subject", f"{text} is not PARK/DEVICE", "/subject")
    return found


def _refuse(code: str, message: str, pointer: str) -> NoReturn:
    raise InvalidRequestError(code, message, pointer)


def _shown(of: credentials.Credential, now: datetime) -> dict[str, Any]:
    return {
        "subject": str(of.subject),
        "kind": of.subject.kind,
        "username": of.username,
        "state": credentials.state(of, now),
        "devices": ["/".join(each) for each in of.devices],
        "created_at": of.created_at,
        "expires_at": of.expires_at,
        "revoked_at": of.revoked_at,
    }
