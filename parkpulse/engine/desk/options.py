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
        It is neither.
    """
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        code = "not_json"
        raise InvalidRequestError(code, f"{file}: {error}", "") from error


def as_yaml(value: object) -> str:
    """Write a document in the form that `document` reads."""
    plain = msgspec.to_builtins(value)
    return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)
