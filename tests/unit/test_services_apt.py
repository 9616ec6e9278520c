"""Which archive is used, and what apt's messages mean."""

from __future__ import annotations

import pytest

from parkpulse.services import apt

DEBIAN = "http://mirror.example/debian"
SECURITY = "http://mirror.example/debian-security"


@pytest.mark.parametrize(
    ("releases", "expected"),
    [
        (
            [(DEBIAN, "bookworm"), (SECURITY, "bookworm-security")],
            (DEBIAN, SECURITY),
        ),
        ([(DEBIAN, "trixie")], (DEBIAN, None)),
        ([(DEBIAN, "stable")], (DEBIAN, None)),
        (
            # Others name their suites after Debian's.
            [
                ("https://packages.example/debian/12/prod", "bookworm"),
                (DEBIAN, "bookworm"),
                (DEBIAN, "bookworm-updates"),
            ],
            (DEBIAN, None),
        ),
        ([("http://archive.example/ubuntu", "noble")], (None, None)),
        ([("http://archive.example/ubuntu", "noble-security")], (None, None)),
        ([], (None, None)),
    ],
)
def test_debians_own_archive_is_chosen(
    releases: list[tuple[str, str]], expected: tuple[str | None, str | None]
) -> None:
    assert apt.choose_mirrors(releases) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("E: Failed to fetch http://x  Could not resolve 'x'", "check the network"),
        ("E: Failed to fetch http://x  Connection failed", "check the network"),
        (
            "E: The repository 'x trixie Release' does not have a Release file.",
            "trixie",
        ),
        ("W: GPG error: NO_PUBKEY 123\nE: is not signed.", "debian-archive-keyring"),
        ("E: You don't have enough free space in /x/archives/.", "no space left"),
        ("dpkg-deb: error: write: No space left on device", "no space left"),
        ("E: Unable to locate package postgresql-17", "lacks a package"),
        ("E: Something new happened", "Something new happened"),
        ("", "no message"),
    ],
)
def test_apts_messages_become_one_sentence(output: str, expected: str) -> None:
    sentence = apt.explain(output, DEBIAN, "or do it yourself")
    assert expected in sentence
    assert "\n" not in sentence
    assert ":" in sentence  # what is wrong: what to do


def test_a_download_tells_each_quarter_once() -> None:
    told: list[int] = []
    percent = apt.Percent(told.append)
    for line in (
        "Get:1 http://x trixie/main amd64 a 1 [10 kB]\n",
        "dlstatus:1:3.5:Retrieving file 1 of 4\n",
        "dlstatus:1:26.1:Retrieving file 2 of 4\n",
        "dlstatus:1:27:Retrieving file 2 of 4\n",
        "dlstatus:1:80.0:Retrieving file 4 of 4\n",
        "dlstatus:1:100:Retrieving file 4 of 4\n",
        "pmstatus:dpkg-exec:0:Running dpkg\n",
        "dlstatus\n",
    ):
        percent(line)
    assert told == [25, 50, 75]


def test_sizes_are_read_from_the_listing() -> None:
    listing = (
        "Reading package lists...\n"
        "'http://x/a_1%3a1_amd64.deb' a_1%3a1_amd64.deb 100 SHA256:aa\n"
        "'http://x/b_2_all.deb' b_2_all.deb 250 SHA256:bb\n"
    )
    assert apt.package_sizes(listing) == [100, 250]
