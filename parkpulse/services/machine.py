"""What this machine has."""

from __future__ import annotations

import os

_MEGABYTE = 1 << 20


def memory_mb() -> int:
    """Memory of this machine. [MiB]."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MEGABYTE
