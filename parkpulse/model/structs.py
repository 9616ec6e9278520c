"""Makes msgspec ready for threads.

On the first use of a struct msgspec 0.22 builds what it knows of its fields. A second
thread that decodes the same struct meanwhile finds it half built, and the process dies
of a segmentation fault. So a process with threads has all built before they start.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


def prepare() -> None:
    """Build what msgspec knows of all structs that are imported by now."""
    for each in _below(msgspec.Struct):
        # A struct that is only written may have fields that cannot be read.
        with contextlib.suppress(TypeError, NameError):
            msgspec.json.Decoder(each)


def _below(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)
