"""Documents that people write: plans of duty and of responses."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from parkpulse.errors import InvalidRequestError


def convert(document: object, kind: Any, pointer: str) -> Any:  # noqa: ANN401 - a type, and a value of it
    """Take a document as a value of a type.

    Parameters
    ----------
    document
        Mappings, lists and scalars.
    kind
        What msgspec can convert to.
    pointer
        JSON pointer of the document within the request.

    Raises
    ------
    InvalidRequestError
        It is none; the error has the pointer of the place.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        place = str(error).partition("`$")[2].partition("`")[0]
        path = re.sub(r"[.\[]", "/", place).replace("]", "")
        code = "invalid_value"
        raise InvalidRequestError(code, str(error), pointer + path) from error
