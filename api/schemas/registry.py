"""The registry: files, devices, places, foreign topics, push accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.schemas.common import Answer, Code, Name, Request, Sorted, Text, example
from parkpulse.model.registry import LONGEST_NAME, CompartmentKind, PlaceKind

FileText = Annotated[str, StringConstraints(max_length=3 * 1024 * 1024)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Short = Annotated[
    str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Called = Annotated[
    str, StringConstraints(max_length=LONGEST_NAME, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Options = dict[Short, Text]
_CSV = "park,place,kind,name_zh,name_en,parent\ndemo,north,area,北区,North,\n"


class RegistryFile(Request):
    """One file."""

    name: Annotated[str, StringConstraints(pattern=r"^[^/\\\x00]{1,100}$")] = Field(
        description="Ends in .yaml, .yml or .csv."
    )
    text: FileText


class RegistryFiles(Request):
    """YAML documents and CSV tables, as `parkpulse registry export` writes them."""

    model_config = example({"files": [{"name": "places.csv", "text": _CSV}]})

    files: list[RegistryFile] = Field(min_length=1, max_length=20)


class RegistryChange(Answer):
    """One entity that is not the same."""

    kind: Literal["added", "changed", "removed"]
    table: str
    park: str
    key: str = Field(description="Codes that name it within its park, parted by `/`.")
    before: dict[str, str] = Field(description="Cells that differ, as registered.")
    after: dict[str, str] = Field(description="Cells that differ, as in the files.")


class RegistryProblem(Answer):
    """What keeps files from being taken."""

    where: str = Field(description="File and line, or file and the entity.")
    text: str


class RegistryDiff(Answer):
    """What files would change or have changed; with problems, nothing."""

    model_config = example(
        {
            "items": [
                {
                    "kind": "changed",
                    "table": "devices",
                    "park": "demo",
                    "key": "level-lake",
                    "before": {"report_interval_s": "900"},
                    "after": {"report_interval_s": "300"},
                }
            ],
            "problems": [],
            "applied": False,
        }
    )

    items: list[RegistryChange]
    problems: list[RegistryProblem]
    applied: bool


class RegistryExport(Request):
    """Which parks, and as what."""

    park: Code | None = None
    format: Literal["yaml", "zip"] = Field(
        default="yaml", description="`zip`: tables as CSV."
    )
    discovered: bool = Field(
        default=False, description="Also devices that nobody has described yet."
    )


class GivenName(Name):
    """What people are to call it."""

    zh: Called
    en: Called


class DeviceDraft(Request):
    """What is registered of a device."""

    kind: Short
    name: GivenName
    place: Id | None = None
    report_interval_s: int = Field(ge=1, le=31_622_400, description="[s]")
    clock: Literal["trusted", "untrusted"] = "trusted"
    aliases: list[Id] = Field(
        default=[],
        max_length=20,
        description="Other ids under which its messages come, of what replaced it.",
    )
    options: Options = Field(
        default={}, max_length=30, description="How its messages are to be read."
    )
    retired: bool = False


class DeviceEdit(DeviceDraft):
    """A device anew; one that was only discovered is adopted by it."""

    revision: Short = Field(description="Of the state that was seen.")


class RegisteredSeries(Answer):
    """A series of a device."""

    metric: str
    stamp: Literal["start", "end"]
    report_interval_s: int | None
    modulus: float | None
    max_power_kw: float | None
    calibrations: int = Field(description="Dated corrections that it has.")


class RegisteredDevice(Answer):
    """A device as registered."""

    model_config = example(
        {
            "code": "level-lake",
            "kind": "water_level",
            "name": {"zh": "调蓄湖水位计", "en": "Lake level gauge"},
            "place": "lake",
            "report_interval_s": 300,
            "clock": "trusted",
            "aliases": [],
            "options": {},
            "retired": False,
            "discovered": False,
            "revision": "9f86d081884c7d65",
            "series": [],
        }
    )

    code: str
    kind: str
    name: Name
    place: str | None
    report_interval_s: int
    clock: Literal["trusted", "untrusted"]
    aliases: list[str]
    options: dict[str, str]
    retired: bool
    discovered: bool = Field(description="Nobody has described it yet.")
    revision: str
    series: list[RegisteredSeries]


class PlaceEdit(Request):
    """A place anew."""

    kind: PlaceKind
    name: GivenName
    parent: Id | None = Field(default=None, description="Place that it lies in.")
    compartment: CompartmentKind | None = Field(
        default=None,
        description="What a compartment of a utility tunnel carries, which decides the"
        " limits of its gases; null: told by the words of its code and names.",
    )
    revision: Short = Field(description="Of the state that was seen.")


class RegisteredPlace(Answer):
    """A place as registered."""

    model_config = example(
        {
            "code": "tunnel-2",
            "kind": "compartment",
            "name": {"zh": "二号舱", "en": "Compartment 2"},
            "parent": "tunnel",
            "compartment": "gas",
            "revision": "9f86d081884c7d65",
        }
    )

    code: str
    kind: PlaceKind
    name: Name
    parent: str | None
    compartment: CompartmentKind | None
    revision: str


class Topic(Answer):
    """A rule for topics outside `parkpulse/v1`."""

    model_config = example(
        {
            "filter": "spBv1.0/park/#",
            "park": "demo",
            "format": "sparkplug",
            "device_level": None,
            "options": {},
        }
    )

    filter: str
    park: str
    format: str
    device_level: int | None
    options: dict[str, str]


class TopicQuery(Sorted):
    """Which rules."""

    limit: int = Field(default=1000, ge=1, le=1000, description="Most items of a page.")
    sort: Literal["filter", "-filter", "park", "-park", "format", "-format"] = "filter"
    park: Code | None = None


class NewTopic(Request):
    """A rule for foreign topics; one with the same filter is replaced."""

    filter: Text
    park: Code
    format: Short
    device_level: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="Level of the topic that names the device; null: the message does.",
    )
    options: Options = Field(default={}, max_length=30)


class TopicFilter(Request):
    """Names a rule."""

    filter: Text


class PushAccountsQuery(Sorted):
    """Which accounts."""

    limit: int = Field(default=1000, ge=1, le=1000, description="Most items of a page.")
    sort: Literal[
        "platform",
        "-platform",
        "name",
        "-name",
        "park",
        "-park",
        "created_at",
        "-created_at",
    ] = "platform"
    park: Code | None = None


class PushAccount(Answer):
    """Who may push; never with its token and secrets."""

    model_config = example(
        {
            "platform": "ctwing",
            "name": "north",
            "park": "demo",
            "signed": False,
            "encrypted": False,
            "options": {},
            "created_at": "2026-11-22T10:15:04Z",
        }
    )

    platform: str
    name: str
    park: str
    signed: bool
    encrypted: bool
    options: dict[str, str]
    created_at: datetime


class NewPushAccount(Request):
    """An account of a platform that pushes."""

    platform: Literal["ctwing", "onenet", "iotda"]
    name: Id
    park: Code
    secret: Short | None = Field(
        default=None, description="Token that OneNET signs with."
    )
    aes_key: Short | None = Field(
        default=None, description="Key of OneNET's cipher: 16 characters, or 43."
    )
    options: Options = Field(
        default={},
        max_length=30,
        description="`device_id`=imei, `profile`=NAME, `profile.PRODUCT`=NAME.",
    )


class CreatedPushAccount(Answer):
    """The address for the platform; its token is in this answer only."""

    model_config = example(
        {
            "platform": "ctwing",
            "name": "north",
            "path": "/push/ctwing/8fX…",
            "url": "https://park.example/push/ctwing/8fX…",
        }
    )

    platform: str
    name: str
    path: str = Field(description="Below the address that the platform reaches.")
    url: str


class Gone(Answer):
    """Something is there no longer."""

    model_config = example({"removed": True})

    removed: bool
