"""Secrets at rest, and the file of their key."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from parkpulse.errors import ConfigError
from parkpulse.notify import vault

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_locked_is_unlocked_and_not_readable(tmp_path: Path) -> None:
    opened = vault.open_vault(None, tmp_path / "home")
    locked = opened.lock("whsec_secret")
    assert b"secret" not in locked
    assert opened.lock("whsec_secret") != locked
    assert vault.open_vault(None, tmp_path / "home").unlock(locked) == "whsec_secret"


def test_only_the_owner_reads_the_key(tmp_path: Path) -> None:
    vault.open_vault(None, tmp_path)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: _opened(tmp_path), range(8)))
    locked = opened[0].lock("x")
    assert {each.unlock(locked) for each in opened} == {"x"}


def _opened(home: Path) -> vault.Vault:
    return vault.open_vault(None, home)


def test_a_configured_key_needs_no_file(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    locked = vault.open_vault(key, tmp_path).lock("x")
    assert list(tmp_path.iterdir()) == []
    assert vault.open_vault(key, tmp_path).unlock(locked) == "x"


def test_another_key_is_told(tmp_path: Path) -> None:
    locked = vault.open_vault(Fernet.generate_key().decode(), tmp_path).lock("x")
    with pytest.raises(ConfigError, match="another key"):
        vault.open_vault(Fernet.generate_key().decode(), tmp_path).unlock(locked)


@pytest.mark.parametrize("key", ["", "short", "Ω" * 44])
def test_an_unusable_key_is_told(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="base64"):
        vault.open_vault(key, tmp_path)
