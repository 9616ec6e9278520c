"""What is asked and answered about accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from api.schemas.common import (
    Answer,
    Code,
    Moment,
    Request,
    Sorted,
    Text,
    example,
)
from parkpulse.model.account import LONGEST_NAME, TOKEN_SCOPES, Right, Role

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
Login = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=_NO_CONTROLS),
]
Password = Annotated[str, StringConstraints(max_length=1000)]
Shown = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=64, pattern=_NO_CONTROLS
    ),
]
Mobile = Annotated[str, StringConstraints(max_length=32, pattern=r"^[0-9+()\- ]*$")]
Language = Literal["zh", "en"]


def _known_scope(name: str) -> str:
    if name not in TOKEN_SCOPES:
        message = "unknown scope"
        raise ValueError(message)
    return name


Scope = Annotated[str, StringConstraints(max_length=32), AfterValidator(_known_scope)]

_PERSON = {
    "name": "li.na",
    "display_name": "李娜",
    "mobile": "",
    "language": "zh",
    "role": "operator",
    "parks": ["demo"],
}


class LoginBody(Request):
    """Who wants to come in."""

    name: Login
    password: Password


class SetUp(Request):
    """The first administrator."""

    token: Annotated[str, StringConstraints(max_length=200)] = Field(
        description="From the set-up link."
    )
    name: Login
    display_name: Shown
    password: Password
    language: Language = "zh"


class Myself(Answer):
    """Who has logged in."""

    name: str
    display_name: str
    mobile: str
    language: Language
    role: Role
    parks: list[str] | None = Field(description="Null for all parks.")


class Me(Answer):
    """Who asks, and what they may do."""

    model_config = example(
        {"mode": "user", "user": _PERSON, "rights": ["read", "own", "acknowledge"]}
    )

    mode: Literal["open", "set_up", "login", "user"] = Field(
        description="`open`: no accounts, this machine may do everything; `set_up`: no"
        " accounts, only the set-up is served; `login`: log in first; `user`: somebody"
        " has logged in, or a token is used."
    )
    user: Myself | None
    rights: list[Right]


class ChangedMe(Request):
    """What people decide about their own account."""

    display_name: Shown
    mobile: Mobile = ""
    language: Language


class NewPassword(Request):
    """A new password of one's own."""

    current_password: Password
    new_password: Password


class ResetPassword(Request):
    """A new password for somebody else."""

    password: Password


class Session(Answer):
    """A browser in which somebody has logged in."""

    model_config = example(
        {
            "id": 7,
            "created_at": "2026-03-10T08:00:00Z",
            "seen_at": "2026-03-10T12:00:00Z",
            "expires_at": "2026-03-24T08:00:00Z",
            "address": "192.0.2.7",
            "agent": "Mozilla/5.0",
            "current": True,
        }
    )

    id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str
    current: bool


class Sessions(Answer):
    """One's open sessions, last used first."""

    items: list[Session]
    next: None = None


class Ended(Answer):
    """How many sessions were ended."""

    model_config = example({"ended": 1})

    ended: int


class ChangedUser(Request):
    """What is decided about an account."""

    display_name: Shown
    role: Role
    mobile: Mobile = ""
    language: Language = "zh"
    parks: Annotated[list[Code], Field(max_length=1000)] | None = Field(
        default=None, description="Null for all parks; an administrator has all."
    )
    enabled: bool = True
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="That was seen; 409 when it is another by now."
    )


class NewUser(Request):
    """An account to be."""

    name: Login
    password: Password
    display_name: Shown
    role: Role
    mobile: Mobile = ""
    language: Language = "zh"
    parks: Annotated[list[Code], Field(max_length=1000)] | None = None


class User(Answer):
    """An account."""

    model_config = example(
        {
            **_PERSON,
            "enabled": True,
            "created_at": "2026-03-01T08:00:00Z",
            "password_at": "2026-03-01T08:00:00Z",
            "last_login_at": "2026-03-10T08:00:00Z",
            "version": 1,
        }
    )

    name: str
    display_name: str
    mobile: str
    language: Language
    role: Role
    parks: list[str] | None
    enabled: bool
    created_at: datetime
    password_at: datetime
    last_login_at: datetime | None
    version: int


class NewToken(Request):
    """An API token to be."""

    name: Shown
    user: Login | None = Field(default=None, description="Whose; null: one's own.")
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=32)] = Field(
        description="`read`, `write`, `admin`, or single rights."
    )
    expires_at: Moment = Field(description="At most 400 days ahead.")


class Token(Answer):
    """An API token, without its secret."""

    model_config = example(
        {
            "id": 3,
            "name": "Grafana",
            "user": "li.na",
            "hint": "pp_Ab3x",
            "scopes": ["read"],
            "created_at": "2026-03-01T08:00:00Z",
            "created_by": "admin",
            "expires_at": "2027-03-01T08:00:00Z",
            "seen_at": None,
            "revoked_at": None,
        }
    )

    id: int
    name: str
    user: str
    hint: str
    scopes: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime
    seen_at: datetime | None
    revoked_at: datetime | None


class CreatedToken(Token):
    """A new API token; its secret is in this answer only."""

    model_config = example(
        {**Token.model_config["json_schema_extra"]["example"], "token": "pp_Ab3x..."}  # type: ignore[dict-item,index]
    )

    token: str


class AuditQuery(Sorted):
    """Which changes."""

    sort: Literal["id", "-id"] = "-id"
    who: Text | None = None
    action: Text | None = None
    park: Code | None = None
    q: Text | None = Field(default=None, description="Part of the object.")
    start: Moment | None = None
    end: Moment | None = None


class AuditEntry(Answer):
    """A change that somebody made."""

    model_config = example(
        {
            "id": 91,
            "at": "2026-03-10T12:00:00Z",
            "who": "li.na",
            "display_name": "李娜",
            "way": "session",
            "token": None,
            "address": "192.0.2.7",
            "action": "change_user",
            "object": "/users/wang",
            "park": None,
            "before": {"role": "viewer"},
            "after": {"role": "operator"},
        }
    )

    id: int
    at: datetime
    who: str = Field(description="Empty as long as there were no accounts.")
    display_name: str
    way: Literal["open", "session", "token", "command", "link"]
    token: str | None
    address: str
    action: str
    object: str
    park: str | None
    before: Any
    after: Any


class Actions(Answer):
    """Kinds of changes that were made."""

    model_config = example({"items": ["change_user", "login"], "next": None})

    items: list[str]
    next: None = None


class UsersQuery(Sorted):
    """Accounts in an order."""

    sort: Literal[
        "name",
        "-name",
        "role",
        "-role",
        "created_at",
        "-created_at",
        "last_login_at",
        "-last_login_at",
    ] = "name"


class TokensQuery(Sorted):
    """Tokens in an order."""

    sort: Literal[
        "id", "-id", "name", "-name", "user", "-user", "expires_at", "-expires_at"
    ] = "-id"
