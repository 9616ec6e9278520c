"""Answers that have the fields of a value of the model, which names them once."""

from __future__ import annotations

import types
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import ConfigDict, Field, create_model

from api.schemas.common import Answer, Name, example
from parkpulse.model import registry


def answer(struct: type[msgspec.Struct], shown: dict[str, Any]) -> type[Answer]:
    """Derive what is sent from what is computed.

    Parameters
    ----------
    struct
        Its docstring becomes the description; `Meta(description=…)` that of a field.
    shown
        Example in the documentation.
    """
    return _model(struct, example(shown))


@cache
def _part(struct: type[msgspec.Struct]) -> type[Answer]:
    return Name if struct is registry.Name else _model(struct, ConfigDict())


def _model(struct: type[msgspec.Struct], config: ConfigDict) -> type[Answer]:
    hints = get_type_hints(struct, include_extras=True)
    fields: dict[str, Any] = {name: _field(hint) for name, hint in hints.items()}
    base = type(struct.__name__, (Answer,), {"model_config": config})
    return create_model(
        struct.__name__,
        __base__=base,
        __doc__=struct.__doc__,
        __module__=__name__,
        **fields,
    )


def _field(hint: Any) -> tuple[Any, Any]:  # noqa: ANN401 - a type as it is written
    if get_origin(hint) is not Annotated:
        return _type(hint), Field()
    written, *metas = get_args(hint)
    return _type(written), Field(description=metas[-1].description)


def _type(hint: Any) -> Any:  # noqa: ANN401 - a type as it is written
    """Replace each Struct in a type by its model."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _part(hint)
    args = tuple(_type(each) for each in get_args(hint))
    origin = get_origin(hint)
    if origin in {types.UnionType, Union}:
        return Union[args]  # noqa: UP007 - made of values
    return origin[args] if origin is list else hint
