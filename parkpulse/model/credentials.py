"""Credentials at the broker: user names, secrets, what may be published and read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import string
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from typing_extensions import override

from parkpulse.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

Kind = Literal["device", "gateway", "service"]
Access = Literal["publish", "subscribe"]
State = Literal["in_force", "ending", "ended"]
Service = Literal["ingest", "notify", "watch", "api", "simulate", "all"]
SERVICES: tuple[Service, ...] = get_args(Service)

RESERVED = "parkpulse-"
"""Begins the client ids of our own processes."""
_ROOT = "parkpulse/v1"
_CODE = r"[A-Za-z0-9._:-]{1,64}"
_DEVICE = re.compile(f"{_CODE}/{_CODE}", re.ASCII)
_NAME = re.compile(_CODE, re.ASCII)
_FILTER = re.compile(r"[^\s\x00]{1,512}")
_SHARED = re.compile(r"\$share/[^/]+/")
_ALPHABET = string.ascii_letters + string.digits
_SECRET_LENGTH = 32  # 190 bits
_SALT_BYTES = 12
_ITERATIONS = 101
"""What `mosquitto_passwd` takes. More would guard weak passwords, and cost Mosquitto
time for each client when it reloads; a secret of 190 random bits needs no more."""
_HASH_PARTS = 5


class Grant(NamedTuple):
    """A topic filter that may be published to or subscribed to."""

    access: Access
    filter: str


class Subject(NamedTuple):
    """Whose a credential is."""

    kind: Kind
    name: str

    @override
    def __str__(self) -> str:
        """As it is written in commands."""
        return self.name if self.kind == "device" else f"{self.kind}:{self.name}"


class Credential(NamedTuple):
    """One user name of a subject."""

    subject: Subject
    generation: int
    username: str
    secret_hash: str
    devices: tuple[tuple[str, str], ...]
    """(park, device) that it speaks for; ids that replace a device are listed too."""
    topics: tuple[Grant, ...]
    """Further topics."""
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def state(of: Credential, now: datetime) -> State:
    """Whether it may be used: without end, until its end, or no longer."""
    if of.revoked_at is not None:
        return "ended"
    if of.expires_at is None:
        return "in_force"
    return "ending" if of.expires_at > now else "ended"


def subject(text: str) -> Subject:
    """Read PARK/DEVICE, `gateway:NAME` or `service:NAME`.

    Raises
    ------
    InvalidRequestError
        It is none of these.
    """
    if _DEVICE.fullmatch(text):
        return Subject("device", text)
    kind, _, name = text.partition(":")
    if kind == "gateway" and _NAME.fullmatch(name) and not name.startswith(RESERVED):
        return Subject("gateway", name)
    if kind == "service" and name in SERVICES:
        return Subject("service", name)
    message = (
        f"{text!r:.200} is not PARK/DEVICE, gateway:NAME or"
        f" service:{'|'.join(SERVICES)}"
    )
    code = "bad_subject"
    raise InvalidRequestError(code, message, "/subject")


def username(of: Subject, generation: int) -> str:
    """Name a subject's user: each rotation has its own.

    So old and new are valid side by side, for Mosquitto knows one password a user. Its
    password files separate by colons, which codes may hold: they become tildes.
    """
    name = f"{RESERVED}{of.name}" if of.kind == "service" else of.name
    return f"{name}@{generation}".replace(":", "~")


def new_secret() -> str:
    """Make a secret of letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))


def hashed(secret: str, iterations: int = _ITERATIONS) -> str:
    """Hash a secret with a salt of its own, as Mosquitto's password files hold it.

    Notes
    -----
    `$7$iterations$salt$hash`, PBKDF2 with SHA-512, as `mosquitto_passwd` of 2.0 writes.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations)
    encoded = [base64.b64encode(part).decode() for part in (salt, digest)]
    return f"$7${iterations}${encoded[0]}${encoded[1]}"


def fits(secret: str, stored: str) -> bool:
    """Whether a secret is the one that was hashed."""
    parts = stored.split("$")
    if len(parts) != _HASH_PARTS or parts[1] != "7":
        return False
    salt, digest = (base64.b64decode(part) for part in parts[3:])
    found = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, int(parts[2]))
    return hmac.compare_digest(found, digest)


def topic(access: Access, topic_filter: str) -> Grant:
    """Check a further topic of a gateway.

    Raises
    ------
    InvalidRequestError
        It is no topic filter, or one that would reach what is ours.
    """
    levels = topic_filter.split("/")
    is_filter = _FILTER.fullmatch(topic_filter) and all(
        level in {"+", "#"} or not set(level) & {"+", "#"} for level in levels
    )
    if not is_filter or "#" in levels[:-1] or topic_filter.startswith("$"):
        raise _bad_filter(topic_filter, "is no topic filter")
    if levels[0] in {"+", "#", "parkpulse"}:
        raise _bad_filter(topic_filter, "reaches other devices' topics: name devices")
    return Grant(access, topic_filter)


def _bad_filter(topic_filter: str, why: str) -> InvalidRequestError:
    code = "bad_filter"
    return InvalidRequestError(code, f"{topic_filter!r:.200} {why}", "/topics")


def sparkplug(node: str) -> list[Grant]:
    """Topics of a Sparkplug edge node GROUP/NODE and its devices.

    Raises
    ------
    InvalidRequestError
        It is not GROUP/NODE.
    """
    group, _, name = node.partition("/")
    if not group or not name or set(node) & set("+#") or "/" in name:
        raise _bad_filter(node, "is not GROUP/NODE")
    space = f"spBv1.0/{group}"
    own = [topic("publish", f"{space}/N{each}/{name}") for each in _MESSAGES]
    of_devices = [topic("publish", f"{space}/D{each}/{name}/+") for each in _MESSAGES]
    told = ("spBv1.0/STATE/+", f"{space}/NCMD/{name}", f"{space}/DCMD/{name}/+")
    return [*own, *of_devices, *(topic("subscribe", each) for each in told)]


_MESSAGES = ("BIRTH", "DATA", "DEATH")


def _of_device(park: str, device: str) -> Iterator[Grant]:
    own = f"{_ROOT}/{park}/{device}"
    yield Grant("publish", f"{own}/telemetry")
    yield Grant("publish", f"{own}/raw/+")
    yield Grant("publish", f"{own}/down/ack")
    yield Grant("subscribe", f"{own}/down")


_EVERYTHING = (
    Grant("publish", "#"),
    Grant("subscribe", "#"),
    Grant("subscribe", "$SYS/#"),
)
_OF_SERVICES: dict[str, tuple[Grant, ...]] = {
    "ingest": (
        Grant("subscribe", "#"),
        Grant("subscribe", "$SYS/#"),
        Grant("publish", f"{_ROOT}/+/+/down"),
        Grant("publish", "spBv1.0/+/NCMD/+"),
        Grant("publish", "spBv1.0/STATE/+"),
    ),
    "notify": (Grant("publish", f"{_ROOT}/+/+/down"),),
    # It reports how the service is as any device does.
    "watch": (Grant("publish", f"{_ROOT}/+/+/telemetry"),),
    # It also starts simulated parks.
    "api": (Grant("publish", f"{_ROOT}/#"), Grant("publish", "spBv1.0/#")),
    "simulate": (
        Grant("publish", f"{_ROOT}/#"),
        Grant("publish", "spBv1.0/#"),
        Grant("subscribe", f"{_ROOT}/+/+/down"),
    ),
    "all": _EVERYTHING,
}


def of_service(name: str) -> tuple[Grant, ...]:
    """List what a part of this service publishes and reads."""
    return _OF_SERVICES[name]


def grants(credential: Credential) -> tuple[Grant, ...]:
    """All that a credential may publish to and subscribe to."""
    if credential.subject.kind == "service":
        return of_service(credential.subject.name)
    own = (each for pair in credential.devices for each in _of_device(*pair))
    return (*own, *credential.topics)


def allows(granted: Iterable[Grant], access: Access, wanted: str) -> bool:
    """Whether a topic, or all that a filter matches, is among what is granted."""
    inner = _SHARED.sub("", wanted, count=1) if wanted.startswith("$share/") else wanted
    return any(
        each.access == access and _covers(each.filter, inner) for each in granted
    )


def _covers(granted: str, wanted: str) -> bool:
    if wanted.startswith("$") and not granted.startswith("$"):
        return False
    ours, theirs = granted.split("/"), wanted.split("/")
    for number, level in enumerate(ours):
        if level == "#":
            return True
        if number >= len(theirs) or theirs[number] == "#":
            return False
        if level not in {"+", theirs[number]}:
            return False
    return len(ours) == len(theirs)


def may_be(client_id: str, credential: Credential) -> bool:
    """Whether a client id is free for this credential: ours would take our sessions."""
    is_ours = credential.subject.kind == "service"
    return is_ours or not client_id.startswith(RESERVED)


def password_lines(credentials: Iterable[Credential]) -> str:
    """Write Mosquitto's password file."""
    return "".join(f"{each.username}:{each.secret_hash}\n" for each in credentials)


_WORDS: dict[Access, str] = {"publish": "write", "subscribe": "read"}


def acl_lines(user: str, granted: Iterable[Grant]) -> str:
    """Write a user's part of Mosquitto's file of rights."""
    lines = [f"topic {_WORDS[each.access]} {each.filter}\n" for each in granted]
    return "".join([f"user {user}\n", *lines])
