"""The registry: files compared and taken, exported; a device or place changed."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response

from api.auth.rights import Right, needs
from api.context import Ctx
from api.schemas.registry import (
    DeviceEdit,
    PlaceEdit,
    RegisteredDevice,
    RegisteredPlace,
    RegistryDiff,
    RegistryExport,
    RegistryFiles,
)
from parkpulse.errors import InvalidRequestError
from parkpulse.model.registry import DeviceSpec, PlaceSpec
from parkpulse.registry import desk, files
from parkpulse.registry.files import Sheet
from parkpulse.store import registry_reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.registry import ParkSpec
    from parkpulse.registry.desk import DeviceView, PlaceView, Preview

router = APIRouter(
    tags=["registry"], dependencies=[needs(Right.READ), needs(Right.REGISTRY)]
)
_ENDINGS = (".yaml", ".yml", ".csv")


@router.post(
    "/registry/diff", response_model=RegistryDiff, summary="What files would change"
)
def diff_registry(body: RegistryFiles, ctx: Ctx) -> object:
    """Compare files with what is registered; changes nothing."""
    with ctx.database.transaction() as conn:
        return _told(desk.preview(conn, _sheets(body)), applied=False)


@router.post("/registry/import", response_model=RegistryDiff, summary="Take files in")
def import_registry(body: RegistryFiles, ctx: Ctx) -> object:
    """Take files into the registry, all or nothing; again, and nothing changes.

    What the files do not name stays as it is.
    """
    with desk.changing(ctx.database) as conn:
        found = desk.take(conn, _sheets(body))
    return _told(found, applied=not found.problems)


@router.get(
    "/registry/export",
    summary="The registry as files",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/yaml": {"example": "parks: []"},
                "application/zip": {"example": "..."},
            }
        }
    },
)
def export_registry(query: Annotated[RegistryExport, Query()], ctx: Ctx) -> Response:
    """Write what is registered in the form that `import` reads."""
    with ctx.database.transaction() as conn:
        parks = registry_reading.parks(conn) if query.park is None else [query.park]
        specs = [
            registry_reading.load(conn, park, discovered=query.discovered)
            for park in parks
        ]
    name = query.park or "registry"
    if query.format == "yaml":
        text = files.yaml_text(specs).encode()
        return _file(text, f"{name}.yaml", "application/yaml")
    return _file(_zipped(specs), f"{name}.zip", "application/zip")


@router.get(
    "/parks/{park}/registry/devices/{device}",
    response_model=RegisteredDevice,
    summary="A device as registered",
)
def registered_device(park: str, device: str, ctx: Ctx) -> object:
    """Show what is registered of a device, with the options of its messages."""
    with ctx.database.transaction() as conn:
        return _shown(desk.device(conn, park, device))


@router.put(
    "/parks/{park}/registry/devices/{device}",
    response_model=RegisteredDevice,
    summary="Change a device",
)
def change_device(park: str, device: str, body: DeviceEdit, ctx: Ctx) -> object:
    """Describe a device anew: adopt, move, rename, retire, replace it.

    Its series and what they hold stay as they are.
    """
    given = body.model_dump(exclude={"revision"})
    spec = msgspec.convert({**given, "code": device, "series": []}, DeviceSpec)
    with desk.changing(ctx.database) as conn:
        return _shown(desk.change_device(conn, park, spec, body.revision))


@router.get(
    "/parks/{park}/registry/places/{place}",
    response_model=RegisteredPlace,
    summary="A place as registered",
)
def registered_place(park: str, place: str, ctx: Ctx) -> object:
    """Show what is registered of a place."""
    with ctx.database.transaction() as conn:
        return _placed(desk.place(conn, park, place))


@router.put(
    "/parks/{park}/registry/places/{place}",
    response_model=RegisteredPlace,
    summary="Change a place",
)
def change_place(park: str, place: str, body: PlaceEdit, ctx: Ctx) -> object:
    """Describe a place anew: rename, move, say what a compartment carries."""
    given = body.model_dump(exclude={"revision"})
    with desk.changing(ctx.database) as conn:
        # What is no code at all is no place either.
        code = desk.place(conn, park, place).place.code
        spec = msgspec.convert({**given, "code": code}, PlaceSpec)
        return _placed(desk.change_place(conn, park, spec, body.revision))


def _sheets(body: RegistryFiles) -> list[Sheet]:
    for index, each in enumerate(body.files):
        if not each.name.lower().endswith(_ENDINGS):
            code, message = "wrong_file", "neither .yaml, .yml nor .csv"
            raise InvalidRequestError(code, message, f"/files/{index}/name")
    return [Sheet(each.name, each.text.removeprefix("\ufeff")) for each in body.files]


def _told(found: Preview, *, applied: bool) -> dict[str, Any]:
    return {**found._asdict(), "applied": applied}


def _zipped(specs: Sequence[ParkSpec]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.csv_texts(specs).items():
            archive.writestr(name, text)
    return buffer.getvalue()


def _file(content: bytes, name: str, media: str) -> Response:
    safe = "".join(char for char in name if char.isalnum() or char in "._-")
    headers = {
        "content-disposition": f'attachment; filename="{safe}"',
        "cache-control": "no-store",
    }
    return Response(content, media_type=media, headers=headers)


def _shown(found: DeviceView) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(found.device)
    series = [
        {**each, "calibrations": len(each.pop("calibration"))}
        for each in shown["series"]
    ]
    return {
        **shown,
        "series": series,
        "discovered": found.is_discovered,
        "revision": found.revision,
    }


def _placed(found: PlaceView) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(found.place)
    return {**shown, "revision": found.revision}
