"""Configuration is read from the environment or a file, and mistakes are named."""

from pathlib import Path

import pytest

from parkpulse import settings
from parkpulse.errors import ConfigError
from parkpulse.store import pool


def test_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "parkpulse.toml"
    file.write_text('port = 9001\nhost = "127.0.0.2"\n')
    monkeypatch.setenv("PARKPULSE_CONFIG", str(file))
    monkeypatch.setenv("PARKPULSE_PORT", "9002")
    loaded = settings.load()
    assert (loaded.port, loaded.host) == (9002, "127.0.0.2")


def test_an_unknown_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKPULSE_PROT", "9002")
    with pytest.raises(ConfigError, match="PARKPULSE_PROT"):
        settings.load()


def test_an_unknown_key_of_the_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "parkpulse.toml"
    file.write_text("prot = 9001\n")
    monkeypatch.setenv("PARKPULSE_CONFIG", str(file))
    with pytest.raises(ConfigError, match="prot"):
        settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "0"), ("PORT", "eighty"), ("LOG_LEVEL", "loud"), ("INGEST_WORKERS", "0")],
)
def test_an_unusable_value_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"PARKPULSE_{name}", value)
    with pytest.raises(ConfigError, match=rf"{name.lower()} \(PARKPULSE_{name}\)"):
        settings.load()


def test_a_missing_or_broken_file_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "parkpulse.toml"
    monkeypatch.setenv("PARKPULSE_CONFIG", str(file))
    with pytest.raises(ConfigError, match="not a file"):
        settings.load()
    file.write_text("port = = 3\n")
    with pytest.raises(ConfigError, match=r"parkpulse\.toml cannot be read"):
        settings.load()


@pytest.mark.parametrize("url", ["foo", "http://x/y", "postgresql://u:hid den@h/x"])
def test_an_address_of_no_database_is_one_sentence(url: str) -> None:
    with pytest.raises(ConfigError, match="looks like postgresql://") as told:
        pool.connect(url)
    assert "den" not in str(told.value)


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", "postgresql://u:hidden@localhost/x")
    assert "hidden" not in repr(settings.load())
