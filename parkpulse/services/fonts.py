"""A font with Chinese characters for reports: the machine's own, or Debian's.

WenQuanYi Micro Hei (Apache-2.0 or GPL-3 with the font exception) is a package of 2 MB;
Noto Sans CJK would be of 56 MB.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.services import archive

if TYPE_CHECKING:
    from collections.abc import Callable

FAMILY = "WenQuanYi Micro Hei"
_ROOT = Path("/")
_FILE = "usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
_PACKAGES = archive.Wanted(
    name="fonts",
    title="a Chinese font",
    packages=("fonts-wqy-microhei",),
    assumed=("fontconfig",),
    otherwise="or install fonts-wqy-microhei",
)


class Font(NamedTuple):
    """Where the font lies."""

    folder: Path
    family: str


def chinese(cache: Path, tell: Callable[[str], None]) -> Font:
    """Find the font, or fetch it.

    Parameters
    ----------
    cache
        Folder that keeps what is fetched.
    tell
        Called with each step.

    Raises
    ------
    ServiceError
        It is not there and cannot be fetched; the message says what to do.
    """
    own = _ROOT / _FILE
    if own.is_file():
        return Font(own.parent, FAMILY)
    tree = archive.unpacked(_PACKAGES, cache, tell, _nothing_to_do)
    return Font((tree / _FILE).parent, FAMILY)


def _nothing_to_do(tree: Path, final: Path) -> None:
    """Leave the tree as it is unpacked."""
