"""Runs `apt-get` on folders of its own, so that nothing on the machine changes."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from parkpulse.errors import ServiceError
from parkpulse.services import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SUITE = "trixie"
_DEBIAN_SUITES = {
    *("bullseye", "bookworm", "trixie", "forky", "duke", "sid"),
    *("oldoldstable", "oldstable", "stable", "testing", "unstable"),
}
_KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
_RELEASE = re.compile(r"'(?P<base>\S+)/dists/(?P<suite>\S+)/InRelease' ")


def checked(command: Sequence[str | Path], otherwise: str) -> str:
    """Run a command of apt or dpkg and return what it prints.

    Parameters
    ----------
    command
        What to run.
    otherwise
        What a person can do instead, for the message: "or install it yourself".

    Raises
    ------
    ServiceError
        It fails.
    """
    result = process.run(command, environment=_environment())
    if result.status != 0:
        raise ServiceError(explain(result.output, "", otherwise))
    return result.output


def _environment(**more: str) -> dict[str, str]:
    # English messages are what `explain` reads.
    return {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "en", **more}


def sources(architecture: str, otherwise: str) -> str:
    """Contents of our sources list: the machine's own mirrors, but our suite.

    Raises
    ------
    ServiceError
        The machine's apt names no Debian archive, or its keys are missing.
    """
    uris = checked(["apt-get", "update", "--print-uris"], otherwise)
    main, security = choose_mirrors(_RELEASE.findall(uris))
    if main is None:
        message = (
            "this machine's apt names no Debian archive: use Debian 12 or newer,"
            f" {otherwise}"
        )
        raise ServiceError(message)
    options = f"[arch={architecture} signed-by={_keyring(otherwise)}]"
    lines = [f"deb {options} {main} {SUITE} main"]
    if security is not None:
        lines.append(f"deb {options} {security} {SUITE}-security main")
    return "".join(f"{line}\n" for line in lines)


def choose_mirrors(
    releases: Iterable[tuple[str, str]],
) -> tuple[str | None, str | None]:
    """Pick Debian's own archive and its security archive.

    Parameters
    ----------
    releases
        Pairs of address and suite, as the machine's apt is configured.

    Returns
    -------
    tuple
        Address of each; None where there is none.
    """
    suites: dict[str, set[str]] = {}
    security = None
    for base, suite in releases:
        suites.setdefault(base, set()).add(suite)
        if suite.partition("-")[0] in _DEBIAN_SUITES and suite.endswith("-security"):
            security = security or base
    # Others name their suites after Debian's too; Debian's also has "-updates".
    debian = [base for base, found in suites.items() if found & _DEBIAN_SUITES]
    debian.sort(key=lambda base: -len(suites[base]))
    return (debian[0] if debian else None), security


def _keyring(otherwise: str) -> Path:
    for path in _KEYRINGS:
        if path.exists():
            return path
    message = (
        "this machine lacks the keys of Debian's archive: install the package"
        f" debian-archive-keyring, {otherwise}"
    )
    raise ServiceError(message)


class Apt:
    """An `apt-get` that believes the machine is empty but for some packages.

    Parameters
    ----------
    folder
        Gets all its files; downloaded packages lie in `archives`.
    architecture
        Debian's name of the machine's architecture.
    assumed
        Packages it takes as installed.
    otherwise
        What a person can do instead, for messages.
    """

    def __init__(
        self, folder: Path, architecture: str, assumed: Sequence[str], otherwise: str
    ) -> None:
        self.archives = folder / "archives"
        self._otherwise = otherwise
        self._sources = sources(architecture, otherwise)
        for name in ("lists/partial", "archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").write_text(_status(assumed))
        (folder / "sources.list").write_text(self._sources)
        self._configuration = folder / "apt.conf"
        self._configuration.touch(mode=0o600)  # a proxy's password may stand in it
        self._configuration.write_text(_configuration(folder, otherwise))

    @property
    def mirror(self) -> str:
        """Address of the Debian archive in use."""
        return self._sources.split("\n", 1)[0].split()[3]

    def get(self, *arguments: str, on_line: Callable[[str], object] = str) -> str:
        """Run `apt-get` and return what it prints; `on_line` gets it as it comes.

        Raises
        ------
        ServiceError
            It fails; the message says why.
        """
        result = process.run(
            ["apt-get", *arguments],
            environment=_environment(APT_CONFIG=str(self._configuration)),
            on_line=on_line,
        )
        if result.status != 0:
            raise ServiceError(explain(result.output, self.mirror, self._otherwise))
        return result.output


def _status(assumed: Sequence[str]) -> str:
    # A version that satisfies every "at least".
    return "".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: all\n"
        "Multi-Arch: foreign\nVersion: 999:999\nMaintainer: none\n"
        "Description: assumed\n\n"
        for name in assumed
    )


def _configuration(folder: Path, otherwise: str) -> str:
    machine = checked(["apt-config", "dump", "Acquire"], otherwise).splitlines()
    # The proxy and the like; not the extra indexes that desktop packages ask for.
    kept = [line for line in machine if not line.startswith("Acquire::IndexTargets")]
    own = {
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": "/dev/null",
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": folder,
        "Dir::State::status": folder / "status",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "Dir::Log": folder,
        "APT::Install-Recommends": "false",
        "APT::Update::Error-Mode": "any",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Acquire::http::Timeout": "30",
        "Acquire::https::Timeout": "30",
    }
    lines = [*kept, *(f'{key} "{value}";' for key, value in own.items())]
    return "".join(f"{line}\n" for line in lines)


class Percent:
    """Tells how far a download has come, each quarter of it.

    Parameters
    ----------
    tell
        Called with a number: 25, 50, 75.
    """

    _STEP = 25
    _DONE = 100
    OPTIONS = ("-o", "APT::Status-Fd=1")
    """What makes apt print the lines that this reads."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._next = self._STEP

    def __call__(self, line: str) -> None:
        """Take a line such as `dlstatus:3:41.5:Retrieving file 3 of 46`."""
        fields = line.split(":")
        if fields[0] != "dlstatus" or len(fields) < len(("kind", "item", "percent")):
            return
        percent = float(fields[2])
        while percent >= self._next and self._next < self._DONE:
            self._tell(self._next)
            self._next += self._STEP


def package_sizes(listing: str) -> list[int]:
    """Sizes in bytes of the packages that `apt-get --print-uris` lists."""
    lines = [line.split() for line in listing.splitlines() if line.startswith("'")]
    return [int(fields[2]) for fields in lines]


_CAUSES = {
    (
        "the signature of {mirror} cannot be checked: update the package"
        " debian-archive-keyring and try again"
    ): ("NO_PUBKEY", "is not signed", "EXPKEYSIG", "BADSIG", "Missing key"),
    (
        "there is no space left on the disk: free some, or set PARKPULSE_CACHE to a"
        " folder on another disk"
    ): ("No space left", "enough free space"),
    (
        "{mirror} lacks a package for this kind of machine: name a complete mirror in"
        " apt's sources, {otherwise}"
    ): ("Unable to locate package", "no installation candidate", "unmet dependencies"),
    (
        "{mirror} does not carry Debian 13 ({suite}): name a complete mirror in apt's"
        " sources, {otherwise}"
    ): ("does not have a Release file", "404  Not Found"),
    (
        "{mirror} cannot be reached: check the network and apt's proxy settings,"
        " {otherwise}"
    ): (
        *("Could not resolve", "Temporary failure", "Could not connect"),
        *("Unable to connect", "Connection failed", "Connection timed out"),
        *("Could not handshake", "Failed to fetch", "Network is unreachable"),
    ),
}


def explain(output: str, mirror: str, otherwise: str) -> str:
    """Say in one sentence what apt's messages mean and what to do about them."""
    name = f"the Debian archive {mirror}".rstrip()
    for sentence, signs in _CAUSES.items():
        if any(sign in output for sign in signs):
            return sentence.format(mirror=name, suite=SUITE, otherwise=otherwise)
    errors = [line for line in output.splitlines() if line.startswith("E:")]
    last = (errors or output.strip().splitlines() or ["no message"])[-1]
    return f"fetching from {name} failed ({last}): run 'apt-get update' to see more"
