"""A real browser for the page's tests: the machine's own, or one from Debian's archive.

chromium_path   Chromium: `executable`, `environment`, `arguments` for a closed network.
browser         playwright's Browser of the whole session, started from it, headless.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from parkpulse.services import archive, servers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PACKAGES = archive.Wanted(
    name="chromium",
    title="Chromium",
    packages=("chromium", "fonts-wqy-microhei"),
    assumed=(
        *("adduser", "adwaita-icon-theme", "base-files", "dbus", "dbus-user-session"),
        *("debconf", "fontconfig", "gtk-update-icon-cache", "hicolor-icon-theme"),
        *("libgl1", "libgl1-mesa-dri", "libgtk-3-0t64", "libllvm19", "libz3-4"),
        *("libpam-modules", "libpam-runtime", "libpam-systemd", "mawk", "mount"),
        *("openssl-provider-legacy", "perl", "perl-base", "sensible-utils"),
        *("shared-mime-info", "systemd", "ucf", "x11-utils", "xdg-utils"),
    ),
    otherwise="or install chromium, fontconfig and fonts-wqy-microhei",
)
_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{tree}/usr/share/fonts</dir>
  <cachedir>{cache}</cachedir>
  <alias><family>sans-serif</family><prefer>
    <family>DejaVu Sans</family><family>WenQuanYi Micro Hei</family>
  </prefer></alias>
  <alias><family>monospace</family><prefer>
    <family>DejaVu Sans Mono</family><family>WenQuanYi Micro Hei Mono</family>
  </prefer></alias>
</fontconfig>
"""


@dataclass(frozen=True)
class Chromium:
    """How to start the browser."""

    executable: Path
    environment: Mapping[str, str] = field(repr=False)
    arguments: tuple[str, ...] = (
        # Only pages of ours are shown, and containers lack what the sandbox needs.
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    )


def _of_the_machine() -> Path | None:
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    lister = shutil.which("fc-list")
    if found is None or lister is None:
        return None
    chinese = subprocess.run([lister, ":lang=zh-cn"], capture_output=True, check=True)
    return Path(found) if chinese.stdout.strip() else None


def _patch(tree: Path, final: Path) -> None:
    for name in ("chromium", "chrome_crashpad_handler"):
        servers.set_loader(tree / "usr/lib/chromium" / name, final)


def _fetched(cache: Path, fonts: Path) -> Chromium:
    tree = archive.unpacked(_PACKAGES, cache, print, _patch)
    libraries = next(tree.glob("usr/lib/*-linux-gnu*"))
    configuration = fonts / "fonts.conf"
    configuration.write_text(_FONTS.format(tree=tree, cache=fonts))
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": f"{libraries}:{libraries / 'pulseaudio'}",
        "FONTCONFIG_FILE": str(configuration),
    }
    return Chromium(tree / "usr/lib/chromium/chromium", environment)


@contextlib.contextmanager
def found(cache: Path) -> Iterator[Chromium]:
    """Give the machine's browser, else the one that is kept in the cache."""
    own = _of_the_machine()
    if own is not None:
        yield Chromium(own, dict(os.environ))
        return
    with tempfile.TemporaryDirectory(prefix="parkpulse-fonts-") as fonts:
        yield _fetched(cache, Path(fonts))


@pytest.fixture(scope="session")
def chromium_path(servers_cache: Path) -> Iterator[Chromium]:
    with found(servers_cache) as chromium:
        yield chromium


# Not for the session: Playwright's event loop runs in this thread as long as it lives.
@pytest.fixture(scope="module")
def browser(chromium_path: Chromium) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium_path.executable,
            env=dict(chromium_path.environment),
            args=list(chromium_path.arguments),
        )
        yield launched
        launched.close()
