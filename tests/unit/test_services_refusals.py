"""Each reason not to start is one sentence that says what to do."""

from __future__ import annotations

import os
import pwd
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from parkpulse.errors import ConfigError, ServiceError
from parkpulse.services import (
    account,
    archive,
    broker,
    database,
    folders,
    locks,
    ports,
    secret,
    servers,
)


def _quiet(_step: str) -> None:
    pass


def test_a_taken_port_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(
            ServiceError, match="set PARKPULSE_PORT to another"
        ) as error:
            ports.require_free(port, "PARKPULSE_PORT", "the page")
        assert str(port) in str(error.value)
    ports.require_free(port, "PARKPULSE_PORT", "the page")


def test_a_foreign_address_names_the_setting() -> None:
    # An address for documentation, which no machine has.
    with pytest.raises(ServiceError, match="set PARKPULSE_HOST to an address of this"):
        ports.require_free(8080, "PARKPULSE_PORT", "the page", "192.0.2.1")


def test_no_apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError, match=r"no apt-get .* PARKPULSE_DATABASE_URL"):
        archive.unpacked(servers.PACKAGES, tmp_path, _quiet, lambda *_: None)


def test_no_space(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="free some, or set PARKPULSE_CACHE"):
        folders.require_space(tmp_path, "PARKPULSE_CACHE", 10**18)
    folders.require_space(tmp_path, "PARKPULSE_CACHE", 1)


def test_no_unprivileged_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "PREFERRED", ("no-such-user-1", "no-such-user-2"))
    with pytest.raises(ServiceError, match="useradd --system parkpulse"):
        account.unprivileged(tmp_path / "none")


def test_root_changes_to_an_unprivileged_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "PREFERRED", ("no-such-user", "nobody"))
    chosen = account.unprivileged(tmp_path / "none")
    assert chosen is not None
    assert chosen.uid == pwd.getpwnam("nobody").pw_uid != 0


def test_an_ordinary_user_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert account.unprivileged(tmp_path) is None


def test_a_closed_folder_above(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "home").mkdir(parents=True)
    closed.chmod(0o700)
    other = account.Account("other", 65534, 65534)
    with pytest.raises(
        ServiceError, match=f"may not enter {closed}: set PARKPULSE_HOME"
    ):
        account.require_reachable(closed / "home", other)
    account.require_reachable(closed / "home", None)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServiceError, match="set PARKPULSE_HOME to a folder you may"):
        folders.make(tmp_path / "file" / "home", "PARKPULSE_HOME", folders.PASSABLE)


@pytest.mark.parametrize("name", ["a'b", 'a"b', "a\nb", "a\\b", "a:b", "a#b", "a$b"])
def test_a_name_the_servers_cannot_take(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="set PARKPULSE_HOME to another folder"):
        folders.make(tmp_path / name, "PARKPULSE_HOME", folders.PASSABLE)


def test_a_new_folder_can_be_passed_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        folders.make(tmp_path / "a b" / "园区", "PARKPULSE_HOME", folders.PASSABLE)
    finally:
        os.umask(before)
    mode = (tmp_path / "a b" / "园区").stat().st_mode
    assert stat.S_IMODE(mode) == folders.PASSABLE


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(
            ServiceError, match=r"cannot be written to .* set PARKPULSE_HOME"
        ),
        locks.trying(tmp_path / "file" / "up.lock"),
    ):
        pass


def test_no_time_zones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(servers, "_ZONES", tmp_path / "none")
    with pytest.raises(ServiceError, match="install the package tzdata"):
        servers.find(tmp_path, None, _quiet)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("initdb: error: could not write: No space left on device", "no space left"),
        ("creating …\ninitdb: error: could not x\ninitdb: removing", "could not x"),
        ("", "no message"),
    ],
)
def test_initdbs_messages_become_one_sentence(output: str, expected: str) -> None:
    sentence = database.explain(output)
    assert expected in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("installed", "data_version", "expected"),
    [
        ([(16, Path("a")), (17, Path("b"))], None, Path("b")),
        ([(16, Path("a")), (17, Path("b"))], 16, Path("a")),
        ([(14, Path("a"))], None, None),
        ([(16, Path("a"))], 17, None),
        ([], None, None),
    ],
)
def test_the_machines_own_server_is_used_where_it_fits(
    installed: list[tuple[int, Path]], data_version: int | None, expected: Path | None
) -> None:
    assert servers.machine_postgres(installed, data_version) == expected


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("mosquitto version 2.0.21\n\nmosquitto is an MQTT …", (2, 0)),
        ("mosquitto version 1.6.9", (1, 6)),
        ("something else", (0, 0)),
    ],
)
def test_mosquittos_version_is_read(printed: str, expected: tuple[int, int]) -> None:
    assert servers.mosquitto_version(printed) == expected


def test_a_lock_has_one_living_holder(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    assert locks.holder(path) is None
    with locks.trying(path) as hold:
        assert hold is not None
        assert locks.holder(path) == os.getpid()
        with locks.trying(path) as second:
            assert second is None
    assert locks.holder(path) is None


def test_a_lock_waits_for_what_a_killed_holder_left(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    sleeper = [sys.executable, "-c", "import time; time.sleep(1)"]
    with locks.waiting(path) as hold:
        left = subprocess.Popen(sleeper, pass_fds=(hold,))
    path.write_text("4194305")  # above the largest process id there can be
    with locks.trying(path) as again:
        assert again is not None
        assert left.poll() is not None or left.wait(1) == 0


def test_a_password_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "database.password"
    made = secret.password(path)
    assert len(made) >= 32
    assert secret.password(path) == made
    assert secret.password(tmp_path / "other") != made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_brokers_password_is_salted() -> None:
    one, other = (broker.password_line("u", "secret") for _ in range(2))
    assert one != other
    assert one.startswith("u:$7$")
    assert "secret" not in one


def test_the_machine_sizes_the_servers(tmp_path: Path) -> None:
    small = database.configuration(tmp_path, 1, 1024, disk_mb=8_192)
    large = database.configuration(tmp_path, 1, 262144, disk_mb=1 << 20)
    assert "shared_buffers = 128MB" in small
    assert "max_wal_size = 1024MB" in small
    assert "shared_buffers = 4096MB" in large
    assert "max_wal_size = 8192MB" in large
    assert f"max_queued_bytes {256 << 20}\n" in broker.configuration(tmp_path, 1, 1024)
    assert f"max_queued_bytes {2048 << 20}\n" in broker.configuration(
        tmp_path, 1, 262144
    )
