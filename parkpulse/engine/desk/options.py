"""Options, documents and answers of all commands of the operator's desk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import msgspec
import yaml

from parkpulse.errors import InvalidRequestError

if TYPE_CHECKING:
    from pathlib import Path

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
by_option = click.option("--by", required=True, help="Who does it.")
reason_option = click.option("--reason", required=True, help="Why.")
_MAXIMUM_BYTES = 1024 * 1024
"""A larger document is refused."""
NAME = "parkpulse desk"
"""How the database server knows these commands."""


def as_json(value: object) -> str:
    """Write an answer as JSON."""

    def plain(each: object) -> object:
        return each._asdict() if hasattr(each, "_asdict") else str(each)

    return json.dumps(
        msgspec.to_builtins(value, enc_hook=plain), ensure_ascii=False, indent=1
    )


def document(file: Path) -> object:
    """Read a document in YAML or JSON.

    Raises
    ------
    InvalidRequestError
        It is neither, empty, too large, or cannot be read.
    """
    try:
        found = yaml.safe_load(_text(file))
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        # Not only the reader's own errors: it computes dates that do not exist.
        message = f"{file} cannot be read: {' '.join(str(error).split())}"
        code = "not_json"
        raise InvalidRequestError(code, message, "") from error
    if found is None:
        code, message = "missing", f"{file} is empty: nothing was changed"
        raise InvalidRequestError(code, message, "")
    return found


def _text(file: Path) -> str:
    if file.stat().st_size > _MAXIMUM_BYTES:
        message = f"it is larger than {_MAXIMUM_BYTES >> 20} MiB"
        raise ValueError(message)
    return file.read_text(encoding="utf-8-sig")


def as_yaml(value: object) -> str:
    """Write a document in the form that `document` reads."""
    plain = msgspec.to_builtins(value)
    return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)
